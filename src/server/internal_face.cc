#include "server/internal_face.h"

#include "adapters/hashing/hashing_face.h"
#include "adapters/hashing/hashing_wire.h"
#include "adapters/sandbox/scripts_face.h"
#include "adapters/sandbox/scripts_wire.h"
#include "base/log.h"
#include "server/pipeline.h"

namespace durward::server {
namespace {

using endpoint::Endpoint;

constexpr Milliseconds seen_life{61'000};  // longer than a signature counts

http::Response refuse(const http::Request& request, int status, std::string_view code,
                      std::string_view message) {
  auto response = error_at(request.path, status, code, message);
  if (status == 503) response.headers.set("Retry-After", "1");
  return response;
}

Endpoint role_row(std::string id, std::string_view path, std::string summary,
                  endpoint::ProtocolHandler handler) {
  Endpoint row;
  row.id = std::move(id);
  row.method = http::Method::post;
  row.path = path;
  row.tag = "internal";
  row.summary = std::move(summary);
  row.open_because = "the fleet's key is checked before";
  row.handler = std::move(handler);
  return row;
}

}  // namespace

std::vector<Endpoint> hashing_rows(ports::Hasher& hasher) {
  return {role_row("internal_hash", adapters::hash_path, "Hash a password",
                   [&hasher](auto, http::Request request, auto) {
                     return adapters::serve_hash(hasher, std::move(request));
                   }),
          role_row("internal_verify", adapters::verify_path, "Compare a password with a hash",
                   [&hasher](auto, http::Request request, auto) {
                     return adapters::serve_verify(hasher, std::move(request));
                   })};
}

std::vector<Endpoint> extension_rows(ports::Scripts& scripts, ports::ModuleBuilder& modules) {
  namespace sandbox = adapters::sandbox;
  const auto shelf = std::make_shared<sandbox::ScriptShelf>();
  return {role_row("internal_scripts", sandbox::scripts_path, "Run scripts",
                   [&scripts, shelf](auto, http::Request request, auto) {
                     return sandbox::serve_scripts(scripts, *shelf, std::move(request));
                   }),
          role_row("internal_modules", sandbox::modules_path, "Bundle npm modules",
                   [&modules](auto, http::Request request, auto) {
                     return sandbox::serve_modules(modules, std::move(request));
                   })};
}

InternalFace::InternalFace(std::vector<Endpoint> rows, http::SharedKeys keys, const Clock& clock,
                           ports::ShortCache* seen)
    : rows_(std::move(rows)), checker_(std::move(keys)), clock_(clock), seen_(seen) {
  endpoint::check_rows(rows_);
  for (size_t i = 0; i < rows_.size(); ++i) router_.add(rows_[i].method, rows_[i].path, i);
}

Async<> InternalFace::check(const Endpoint& row, const http::Request& request) {
  if (row.tag == "operations") co_return Result<>();
  auto nonce = checker_.check(request, clock_.now());
  if (nonce && seen_) {
    const auto first = co_await seen_->put_if_absent("nonce:" + *nonce, "", seen_life);
    if (first && !*first)
      nonce = fail(ErrorKind::unauthenticated, "bad_internal_key",
                   "The caller is not a role of this installation.", "used before at another process");
  }
  if (nonce) co_return Result<>();
  log::warning("an internal call was refused",
               {{"remote_ip", request.remote_ip}, {"path", request.path}, {"reason", nonce.error().debug}});
  co_return std::unexpected(nonce.error());
}

Task<http::Response> InternalFace::handle(http::Request request) {
  const auto match = router_.match(request.method, request.path);
  if (match.kind == http::RouteMatch::Kind::not_found)
    co_return refuse(request, 404, "not_found", "Not Found");
  if (match.kind == http::RouteMatch::Kind::method_not_allowed)
    co_return refuse(request, 405, "method_not_allowed", "Method Not Allowed");
  const Endpoint& row = rows_[match.value];
  if (auto checked = co_await check(row, request); !checked)
    co_return refuse(request, endpoint::status_of(checked.error().kind), checked.error().code,
                     checked.error().message);
  endpoint::RequestContext context;
  context.host = request.host;
  context.now = clock_.now();
  http::Response response;
  const std::string id = request.id, path = request.path;
  try {
    response =
        co_await std::get<endpoint::ProtocolHandler>(row.handler)(std::move(context), std::move(request), {});
  } catch (const std::exception& failure) {
    log::error("request failed", {{"request_id", id}, {"route", row.id}, {"reason", failure.what()}});
    response = error_at(path, 500, "server_error", "Internal error; request id " + id);
  }
  response.headers.set("Cache-Control", "no-store");
  response.route = row.id;
  co_return response;
}

}  // namespace durward::server
