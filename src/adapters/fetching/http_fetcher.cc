#include "adapters/fetching/http_fetcher.h"

namespace durward::adapters {
namespace {

constexpr size_t answer_max = 64 << 10;

Result<http::ClientRequest> request_of(ports::Outbound from) {
  const size_t scheme = from.url.find("://");
  const size_t path = scheme == from.url.npos ? from.url.npos : from.url.find_first_of("/?", scheme + 3);
  http::ClientRequest out;
  TRY(out.origin, http::Origin::parse(std::string_view(from.url).substr(0, path)));
  if (path != from.url.npos) out.target = (from.url[path] == '?' ? "/" : "") + from.url.substr(path);
  out.method = http::Method::post;
  for (auto& [name, value] : from.headers) out.headers.set(std::move(name), std::move(value));
  out.body = std::move(from.body);
  out.secret = true;
  return out;
}

}  // namespace

Result<http::Client*> HttpFetcher::client() {
  const std::lock_guard lock(making_);
  if (client_) return client_.get();
  http::ClientOptions options = options_;
  options.body_max = answer_max;
  TRY(client_, http::Client::create(std::move(options), metrics_));
  return client_.get();
}

Async<ports::Fetched> HttpFetcher::post(ports::Outbound from, Milliseconds deadline) {
  CO_TRY(auto request, request_of(std::move(from)));
  CO_TRY(auto* const sender, client());
  CO_TRY(auto answer, co_await sender->send(std::move(request), deadline));
  co_return ports::Fetched{answer.status, std::move(answer.body)};
}

}  // namespace durward::adapters
