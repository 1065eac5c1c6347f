#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

struct ssl_ctx_st;

// The server's certificates: a default, one per host name chosen by SNI, and a source for names not known
// yet. TLS 1.2 and 1.3 only, forward-secret AEAD ciphers, ALPN http/1.1, session tickets. Thread-safe;
// certificates may be replaced while connections are served, new handshakes see the new ones.
namespace durward::http {

struct TlsIdentity {
  std::string certificate_pem;  // the leaf first, then its chain
  std::string key_pem;
};

class TlsContexts {
 public:
  // Errors (here and below): invalid / bad_certificate when the PEM texts do not parse or the key does not
  // fit.
  static Result<std::shared_ptr<TlsContexts>> create(const TlsIdentity& fallback);
  ~TlsContexts();

  Result<> set_default(const TlsIdentity& identity);
  // `host` in any case; "*.example.com" serves every name exactly one label below example.com.
  Result<> set_host(std::string_view host, const TlsIdentity& identity);
  void remove_host(std::string_view host);

  // Asked on an I/O thread for a name nobody set, so it must be quick; what it returns is kept (at most 1,000
  // names). Without an answer the default certificate is shown.
  using Source = std::function<std::optional<TlsIdentity>(std::string_view host)>;
  void set_source(Source source);

  ssl_ctx_st* native() const;  // for the server; lives as long as this object

 private:
  TlsContexts();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace durward::http
