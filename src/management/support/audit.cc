#include "management/support/audit.h"

#include "base/encoding.h"

namespace durward::management {
namespace {

std::string path_of(const endpoint::Call& call) {
  std::string path = call.row->path;
  for (const auto& [name, value] : call.path) {
    const std::string placeholder = "{" + name + "}";
    if (const size_t at = path.find(placeholder); at != std::string::npos)
      path.replace(at, placeholder.size(), percent_encode(value));
  }
  return path;
}

json::Object owner_of(const endpoint::Call& call) {
  json::Object credentials, auth;
  credentials["scopes"] = json::array_of(call.principal.scopes);
  auth["strategy"] = "jwt";
  auth["credentials"] = std::move(credentials);
  if (!call.principal.subject.ends_with("@clients")) {
    json::Object user;
    user["user_id"] = call.principal.subject;
    auth["user"] = std::move(user);
  }
  return auth;
}

json::Object details_of(const endpoint::Call& call) {
  json::Object request, response, details;
  request["method"] = to_lower(http::to_string(call.row->method));
  request["path"] = path_of(call);
  request["ip"] = call.context.ip;
  request["userAgent"] = call.context.user_agent;
  request["channel"] = "api";
  request["auth"] = owner_of(call);
  response["statusCode"] = call.row->success;
  details["request"] = std::move(request);
  details["response"] = std::move(response);
  return details;
}

}  // namespace

ports::Write api_record(const ports::Services& services, const endpoint::Call& call) {
  domain::LogRecord record;
  record.id = services.sequence.next();
  record.date = services.clock.now();
  record.type = "sapi";
  record.description = call.row->summary;
  record.client_id = call.principal.client_id;
  if (!call.principal.subject.ends_with("@clients")) record.user_id = call.principal.subject;
  record.ip = call.context.ip;
  record.user_agent = call.context.user_agent;
  record.hostname = call.context.host;
  record.details = details_of(call);
  return ports::AppendLog{std::move(record)};
}

}  // namespace durward::management
