#pragma once
#include <expected>
#include <string>
#include <utility>

// Anything a client, user, customer or operator can cause is a value of type Error; exceptions are for broken
// invariants and lost infrastructure only and are caught once per entry (http server, pool job, command).
namespace durward {

enum class ErrorKind {
  invalid,          // the request is malformed or breaks a rule: 400
  unauthenticated,  // 401
  forbidden,        // 403
  not_found,        // 404; another tenant's object is exactly this
  conflict,         // 409: unique key taken, version changed
  too_large,        // 413
  limited,          // 429
  unavailable,      // 503: a dependency is away or a deadline passed
  internal          // 500
};

// `code` is the word on the wire ("invalid_grant", "inexistent_client"); `message` is public; `debug` goes to
// the log only. Neither ever holds a secret, token or password. `retry_after` are the seconds after which an
// unavailable thing is worth asking for again (RFC 9110 §10.2.3).
struct Error {
  ErrorKind kind = ErrorKind::internal;
  std::string code;
  std::string message;
  std::string debug;
  int retry_after = 1;
};

template <class T = void>
using Result = std::expected<T, Error>;

inline std::unexpected<Error> fail(ErrorKind kind, std::string code, std::string message = {},
                                   std::string debug = {}) {
  return std::unexpected(Error{kind, std::move(code), std::move(message), std::move(debug)});
}

}  // namespace durward

// TRY(auto x, expr): x is the value of expr, or the function returns its error. ENSURE(expr): the same
// without a value. CO_* are the forms for coroutines; expr may contain co_await.
#define DURWARD_CAT2(a, b) a##b
#define DURWARD_CAT(a, b) DURWARD_CAT2(a, b)
#define DURWARD_TRY_IMPL(ret, tmp, decl, ...)            \
  auto tmp = __VA_ARGS__;                                \
  if (!tmp) ret std::unexpected(std::move(tmp).error()); \
  decl = *std::move(tmp)
#define TRY(decl, ...) DURWARD_TRY_IMPL(return, DURWARD_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define CO_TRY(decl, ...) DURWARD_TRY_IMPL(co_return, DURWARD_CAT(try_, __LINE__), decl, __VA_ARGS__)
#define ENSURE(...) \
  if (auto ensured = (__VA_ARGS__); !ensured) return std::unexpected(std::move(ensured).error())
#define CO_ENSURE(...) \
  if (auto ensured = (__VA_ARGS__); !ensured) co_return std::unexpected(std::move(ensured).error())
