#include "adapters/hashing/remote_hasher.h"

#include <algorithm>
#include <charconv>

#include "adapters/hashing/hashing_wire.h"
#include "base/json.h"
#include "base/log.h"
#include "crypto/hash.h"

namespace durward::adapters {

Async<std::string> RemoteHasher::hash(ports::HashOwner owner, std::string password) {
  return ask(hash_path, owner, std::move(password));
}

Async<bool> RemoteHasher::verify(ports::HashOwner owner, std::string password, std::string hash) {
  // Text with a new line is no hash of ours, and would end early on the way.
  if (hash.find('\n') != hash.npos) co_return false;
  std::string body;
  body.reserve(hash.size() + 1 + password.size());
  body.append(hash).append("\n").append(password);
  crypto::wipe(password);
  CO_TRY(const std::string answer, co_await ask(verify_path, owner, std::move(body)));
  if (answer != "true" && answer != "false")
    co_return fail(ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.",
                   "the hashing role answered something else");
  co_return answer == "true";
}

Async<std::string> RemoteHasher::ask(std::string_view path, ports::HashOwner owner, std::string body) {
  http::ClientRequest request;
  request.method = http::Method::post;
  request.target = path;
  request.body = std::move(body);
  request.headers.set("Content-Type", "text/plain; charset=utf-8");
  request.headers.set(tenant_header, std::to_string(owner.tenant.value));
  request.headers.set(scheme_header, owner.scheme == domain::PasswordScheme::bcrypt ? "bcrypt" : "argon2id");
  request.idempotent = request.secret = true;
  auto answer = co_await upstream_.send(std::move(request), std::min(owner.within, deadline_));
  if (answer && answer->status == 200) co_return std::move(answer->body);
  co_return std::unexpected(told(answer));
}

// What the role said, within reason.
int RemoteHasher::retry_after(const Result<http::Response>& answer) {
  const auto text = answer ? answer->headers.get("Retry-After") : std::string_view();
  int seconds = 1;
  std::from_chars(text.data(), text.data() + text.size(), seconds);
  return std::clamp(seconds, 1, 60);
}

// What the caller hears; an operator reads the cause, at most once a second.
Error RemoteHasher::told(const Result<http::Response>& answer) {
  if (answer && answer->status == 400)
    if (const auto body = json::parse_object(answer->body))
      return {ErrorKind::invalid,
              json::string_or(*body, "error"),
              json::string_or(*body, "error_description"),
              {}};
  const std::string why =
      answer ? "status " + std::to_string(answer->status) : answer.error().code + ": " + answer.error().debug;
  const int64_t second = std::chrono::steady_clock::now().time_since_epoch() / Seconds(1);
  if (logged_second_.exchange(second) != second) log::warning("hashing is not available", {{"reason", why}});
  return {ErrorKind::unavailable, "temporarily_unavailable", "The server is overloaded.", why,
          retry_after(answer)};
}

}  // namespace durward::adapters
