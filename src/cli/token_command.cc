#include "base/executor.h"
#include "cli/handlers.h"
#include "cli/with_tenant.h"

namespace durward::cli {
namespace {

// The token endpoint itself, without a socket: what it says about the client is what counts.
Task<http::Response> ask(endpoint::Endpoint row, endpoint::RequestContext context, http::Request request) {
  co_return co_await std::get<endpoint::ProtocolHandler>(row.handler)(std::move(context), std::move(request),
                                                                      {});
}

http::Request token_request(const server::ManagementClient& client, const std::string& issuer) {
  http::Parameters form;
  form.add("grant_type", "client_credentials");
  form.add("client_id", client.client_id);
  form.add("client_secret", client.client_secret);
  form.add("audience", issuer + "api/v2/");
  http::Request request;
  request.method = http::Method::post;
  request.method_text = "POST";
  request.path = "/oauth/token";
  request.scheme = "https";
  request.headers.set("Content-Type", "application/x-www-form-urlencoded");
  request.body = http::encode_form(form);
  return request;
}

Result<endpoint::Endpoint> token_row(server::Faces& faces) {
  for (auto& row : faces.rows({"authentication"}))
    if (row.path == "/oauth/token" && row.method == http::Method::post) return row;
  return fail(ErrorKind::internal, "no_such_row", "This program has no token endpoint.");
}

Result<std::string> host_of_issuer(const Invocation& invocation, const TenantScene& scene) {
  if (!invocation.has("issuer")) return scene.place.host;
  std::string url = invocation.value("issuer");
  if (!url.starts_with("https://"))
    return fail(ErrorKind::invalid, usage_code, "--issuer must begin with https://");
  url.erase(0, 8);
  return url.substr(0, url.find('/'));
}

Result<json::Object> token(const Invocation& invocation) {
  TRY(auto scene, open_tenant(invocation, {}));
  TRY(const std::string host, host_of_issuer(invocation, scene));
  const std::string issuer = "https://" + host + "/";
  TRY(const auto client, run_sync(scene.installation->provisioner.management_client(scene.place)));
  TRY(auto row, token_row(scene.installation->faces));
  endpoint::RequestContext context{scene.place.tenant,          host, issuer, "", "durward token", "",
                                   scene.services().clock.now()};
  const auto response = run_sync(ask(std::move(row), std::move(context), token_request(client, issuer)));
  TRY(auto body, json::parse_object(response.body));
  if (response.status != 200)
    return fail(ErrorKind::forbidden, json::string_or(body, "error"),
                json::string_or(body, "error_description"));
  return body;
}

}  // namespace

Exit run_token(Invocation& invocation) {
  auto body = token(invocation);
  if (!body) return invocation.out.fail(body.error());
  if (invocation.out.as_json())
    invocation.out.data(*body);
  else
    invocation.out.text(json::string_or(*body, "access_token") + "\n");
  return Exit::ok;
}

}  // namespace durward::cli
