#include "http/tls.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <map>
#include <mutex>
#include <stdexcept>
#include <vector>

#include "base/encoding.h"

namespace durward::http {

namespace {

constexpr size_t learned_max = 1000;
constexpr unsigned char alpn_http11[] = "\x08http/1.1";

template <auto free_function>
struct Free {
  template <class T>
  void operator()(T* object) const {
    free_function(object);
  }
};
using X509Ptr = std::unique_ptr<X509, Free<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Free<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, Free<BIO_free>>;
void free_chain(STACK_OF(X509) * chain) { sk_X509_pop_free(chain, X509_free); }
using ChainPtr = std::unique_ptr<STACK_OF(X509), Free<free_chain>>;

struct Identity {
  X509Ptr leaf;
  ChainPtr chain;
  KeyPtr key;
};
using IdentityPtr = std::shared_ptr<const Identity>;

std::unexpected<Error> bad_certificate(std::string message) {
  ERR_clear_error();
  return fail(ErrorKind::invalid, "bad_certificate", std::move(message));
}

BioPtr reader(const std::string& pem) { return BioPtr(BIO_new_mem_buf(pem.data(), int(pem.size()))); }

int no_passphrase(char*, int, int, void*) {
  return -1;
}  // an encrypted key fails instead of asking the terminal

Result<IdentityPtr> parse_identity(const TlsIdentity& pem) {
  auto identity = std::make_shared<Identity>();
  const BioPtr certificates = reader(pem.certificate_pem), key = reader(pem.key_pem);
  identity->leaf.reset(PEM_read_bio_X509(certificates.get(), nullptr, no_passphrase, nullptr));
  if (!identity->leaf) return bad_certificate("The certificate is not readable PEM.");
  identity->chain.reset(sk_X509_new_null());
  while (X509* next = PEM_read_bio_X509(certificates.get(), nullptr, no_passphrase, nullptr))
    sk_X509_push(identity->chain.get(), next);
  identity->key.reset(PEM_read_bio_PrivateKey(key.get(), nullptr, no_passphrase, nullptr));
  if (!identity->key) return bad_certificate("The private key is not readable PEM.");
  if (X509_check_private_key(identity->leaf.get(), identity->key.get()) != 1)
    return bad_certificate("The private key does not belong to the certificate.");
  ERR_clear_error();  // the end of the PEM text was an error to the reader
  return IdentityPtr(std::move(identity));
}

// RFC 7301 §3.2: no protocol in common ends the handshake.
int choose_alpn(SSL*, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                unsigned in_size, void*) {
  unsigned char* chosen = nullptr;
  if (SSL_select_next_proto(&chosen, out_size, alpn_http11, sizeof alpn_http11 - 1, in, in_size) !=
      OPENSSL_NPN_NEGOTIATED)
    return SSL_TLSEXT_ERR_ALERT_FATAL;
  *out = chosen;
  return SSL_TLSEXT_ERR_OK;
}

}  // namespace

struct TlsContexts::Impl {
  std::unique_ptr<SSL_CTX, Free<SSL_CTX_free>> context;
  std::mutex mutex;
  IdentityPtr fallback;
  std::map<std::string, IdentityPtr, std::less<>> hosts, learned;
  Source source;

  IdentityPtr find(std::string_view host);
  IdentityPtr ask(const Source& from, const std::string& host);
  IdentityPtr choose(const std::string& host);
  void configure();
  static int present(SSL* ssl, void* self);
};

IdentityPtr TlsContexts::Impl::find(std::string_view host) {
  if (auto it = hosts.find(host); it != hosts.end()) return it->second;
  const size_t dot = host.find('.');
  if (dot != host.npos)
    if (auto it = hosts.find("*" + std::string(host.substr(dot))); it != hosts.end()) return it->second;
  auto it = learned.find(host);
  return it != learned.end() ? it->second : nullptr;
}

IdentityPtr TlsContexts::Impl::ask(const Source& from, const std::string& host) {
  const auto pem = from(host);
  if (!pem) return nullptr;
  auto identity = parse_identity(*pem);
  if (!identity) return nullptr;
  std::lock_guard lock(mutex);
  if (learned.size() >= learned_max) learned.clear();
  return learned[host] = *identity;
}

IdentityPtr TlsContexts::Impl::choose(const std::string& host) {
  Source from;
  {
    std::lock_guard lock(mutex);
    if (host.empty()) return fallback;
    if (auto known = find(host)) return known;
    if (!source) return fallback;
    from = source;
  }
  if (auto made = ask(from, host)) return made;
  std::lock_guard lock(mutex);
  return fallback;
}

// Runs in every full handshake once the client's hello is read.
int TlsContexts::Impl::present(SSL* ssl, void* self) {
  try {
    const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    const IdentityPtr identity = static_cast<Impl*>(self)->choose(name ? to_lower(name) : std::string());
    return SSL_use_cert_and_key(ssl, identity->leaf.get(), identity->key.get(), identity->chain.get(), 1) ==
           1;
  } catch (...) {
    return 0;  // no exception may cross the C library; the handshake fails
  }
}

void TlsContexts::Impl::configure() {
  context.reset(SSL_CTX_new(TLS_server_method()));
  if (!context) throw std::runtime_error("no TLS context");
  SSL_CTX* c = context.get();
  // RFC 8996: TLS 1.0 and 1.1 are gone. RFC 9325 §4.2: forward secrecy and AEAD only.
  const bool ok =
      SSL_CTX_set_min_proto_version(c, TLS1_2_VERSION) == 1 &&
      SSL_CTX_set_cipher_list(c, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1 &&
      SSL_CTX_set_session_id_context(c, reinterpret_cast<const unsigned char*>("durward"), 7) == 1;
  if (!ok) throw std::runtime_error("the TLS library refuses its settings");
  SSL_CTX_set_options(c, SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_SERVER);
  SSL_CTX_set_num_tickets(c, 1);
  SSL_CTX_set_alpn_select_cb(c, choose_alpn, nullptr);
  SSL_CTX_set_cert_cb(c, present, this);
}

TlsContexts::TlsContexts() : impl_(std::make_unique<Impl>()) { impl_->configure(); }
TlsContexts::~TlsContexts() = default;

Result<std::shared_ptr<TlsContexts>> TlsContexts::create(const TlsIdentity& fallback) {
  std::shared_ptr<TlsContexts> contexts(new TlsContexts);
  ENSURE(contexts->set_default(fallback));
  return contexts;
}

Result<> TlsContexts::set_default(const TlsIdentity& identity) {
  TRY(IdentityPtr parsed, parse_identity(identity));
  std::lock_guard lock(impl_->mutex);
  impl_->fallback = std::move(parsed);
  return {};
}

Result<> TlsContexts::set_host(std::string_view host, const TlsIdentity& identity) {
  TRY(IdentityPtr parsed, parse_identity(identity));
  std::lock_guard lock(impl_->mutex);
  impl_->hosts.insert_or_assign(to_lower(host), std::move(parsed));
  return {};
}

void TlsContexts::remove_host(std::string_view host) {
  const std::string name = to_lower(host);
  std::lock_guard lock(impl_->mutex);
  impl_->hosts.erase(name);
  impl_->learned.erase(name);
}

void TlsContexts::set_source(Source source) {
  std::lock_guard lock(impl_->mutex);
  impl_->source = std::move(source);
  impl_->learned.clear();
}

ssl_ctx_st* TlsContexts::native() const { return impl_->context.get(); }

}  // namespace durward::http
