#include "server/operator_face.h"

#include <algorithm>
#include <set>

#include "base/encoding.h"
#include "base/log.h"
#include "crypto/hash.h"
#include "http/address.h"
#include "server/files.h"
#include "server/pipeline.h"

namespace durward::server {
namespace {

constexpr size_t keys_max = 4, key_size_min = 32, key_size_max = 256;
constexpr size_t key_name_size = 8;
constexpr ports::Rate wrong_keys_rate{.interval = Seconds(1), .burst = 10};

// RFC 6750 §2.1: what a bearer token is made of.
bool is_key(std::string_view text) {
  const auto fits = [](unsigned char c) {
    return std::isalnum(c) || std::string_view("-._~+/=").find(char(c)) != std::string_view::npos;
  };
  return text.size() >= key_size_min && text.size() <= key_size_max && std::ranges::all_of(text, fits);
}

std::vector<std::string> scopes_of(const std::vector<endpoint::Endpoint>& rows) {
  std::set<std::string> scopes;
  for (const auto& row : rows) scopes.insert(row.scopes.begin(), row.scopes.end());
  return {scopes.begin(), scopes.end()};
}

http::Response refuse(int status, std::string message) {
  const auto kind = status == 404   ? ErrorKind::not_found
                    : status == 503 ? ErrorKind::unavailable
                                    : ErrorKind::internal;
  return endpoint::management_error({kind, "", std::move(message)});
}

http::Response no_match(const http::RouteMatch& match) {
  if (match.kind == http::RouteMatch::Kind::not_found) return refuse(404, "Not Found");
  auto response = error_at("/api/v2", 405, "", "Method Not Allowed");
  response.headers.set("Allow", match.allow);
  return response;
}

Async<endpoint::Principal> answer(Result<endpoint::Principal> principal) { co_return principal; }

endpoint::RequestContext context_of(const http::Request& request, TimePoint now) {
  endpoint::RequestContext out;
  out.host = out.link_host = request.host;
  out.ip = request.remote_ip;
  out.user_agent = std::string(request.headers.get("user-agent"));
  out.request_id = request.id;
  out.now = now;
  return out;
}

}  // namespace

Result<OperatorKeys> OperatorKeys::parse(std::string_view text) {
  OperatorKeys out;
  while (!trim(text).empty()) {
    const size_t end = std::min(text.find_first_of(",\n"), text.size());
    const auto word = trim(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    if (word.empty()) continue;
    out.digests_.push_back(is_key(word) ? crypto::sha256(word) : "");
  }
  const bool all_are_keys = std::ranges::none_of(out.digests_, &std::string::empty);
  if (!out.digests_.empty() && out.digests_.size() <= keys_max && all_are_keys) return out;
  return fail(ErrorKind::invalid, "bad_operator_key",
              "operator-key must be one to four keys of 32 or more letters, digits and -._~+/=, separated by "
              "commas.");
}

std::optional<std::string> OperatorKeys::name_of(std::string_view text) const {
  const std::string digest = crypto::sha256(text);
  bool known = false;
  for (const auto& one : digests_) known |= crypto::equal_constant_time(one, digest);
  if (!known) return {};
  return to_hex(digest).substr(0, key_name_size);
}

Result<OperatorKeys> operator_keys(const Settings& settings, Random& random) {
  if (const auto& given = settings.text("operator-key"); !given.empty()) return OperatorKeys::parse(given);
  if (settings.boolean("ephemeral"))
    return fail(ErrorKind::invalid, "bad_option",
                "An ephemeral process with --operator-listen needs --operator-key.");
  TRY(const std::string content,
      key_file_once(settings.text("data") + "/operator.key", to_hex(random.bytes(key_size_min)) + "\n",
                    "bad_operator_key"));
  return OperatorKeys::parse(content);
}

OperatorFace::OperatorFace(std::vector<endpoint::Endpoint> rows, OperatorKeys keys, const Clock& clock,
                           int64_t in_flight_max)
    : rows_(std::move(rows)),
      keys_(std::move(keys)),
      clock_(clock),
      scopes_(scopes_of(rows_)),
      slots_(in_flight_max) {
  endpoint::check_rows(rows_);
  for (size_t i = 0; i < rows_.size(); ++i) router_.add(rows_[i].method, rows_[i].path, i);
}

// An address that guesses is refused before its guess is looked at, so a right one tells nothing either.
Result<endpoint::Principal> OperatorFace::principal_of(const endpoint::RequestContext& context,
                                                       std::string_view bearer) {
  const std::string from = http::client_block(context.ip);
  if (wrong_keys_.take_now(from, wrong_keys_rate, context.now, 0).remaining == 0)
    return fail(ErrorKind::limited, "too_many_attempts", "Too many wrong keys came from this address.");
  if (const auto name = keys_.name_of(bearer))
    return endpoint::Principal{"operator:" + *name + "@clients", "operator", scopes_};
  (void)wrong_keys_.take_now(from, wrong_keys_rate, context.now);
  log::warning("a wrong operator's key was refused",
               {{"remote_ip", context.ip}, {"request_id", context.request_id}});
  return fail(ErrorKind::unauthenticated, "", "Bad key");
}

Task<http::Response> OperatorFace::run(const endpoint::Endpoint& row, http::Request request,
                                       http::RouteMatch match) {
  auto context = context_of(request, clock_.now());
  const endpoint::PathParameters path(match.parameters.begin(), match.parameters.end());
  if (const auto* open = std::get_if<endpoint::ProtocolHandler>(&row.handler))
    co_return co_await (*open)(std::move(context), std::move(request), path);
  const auto slot = slots_.enter();
  if (!slot) co_return refuse(503, "The operator's API is busy.");
  const endpoint::Authenticator authenticate = [this](const endpoint::RequestContext& asked,
                                                      const std::string& bearer) {
    return answer(principal_of(asked, bearer));
  };
  auto response =
      co_await endpoint::run_management(row, authenticate, std::move(context), std::move(request), path);
  if (response.status == 429) response.headers.set("Retry-After", "1");
  co_return response;
}

Task<http::Response> OperatorFace::handle(http::Request request) {
  auto match = router_.match(request.method, request.path);
  if (match.kind != http::RouteMatch::Kind::found) co_return no_match(match);
  const auto& row = rows_[match.value];
  const std::string id = request.id;
  http::Response response;
  try {
    response = co_await run(row, std::move(request), std::move(match));
  } catch (const std::exception& failure) {
    log::error("request failed", {{"request_id", id}, {"route", row.id}, {"reason", failure.what()}});
    response = refuse(500, "Internal error; request id " + id);
  }
  add_security_headers(response, false);
  response.route = row.id;
  co_return response;
}

}  // namespace durward::server
