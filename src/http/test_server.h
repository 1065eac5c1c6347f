#pragma once
#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/executor.h"
#include "http/server.h"
#include "http/test_client.h"

// A server on a free loopback port, and certificates made on the spot, for tests.
namespace durward::http::testing {

inline std::string drain_bio(BIO* bio) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(bio, &data);
  std::string out(data, size_t(size));
  BIO_free(bio);
  return out;
}

inline TlsIdentity make_identity(const char* name) {
  EVP_PKEY* key = EVP_EC_gen("P-256");
  X509* certificate = X509_new();
  ASN1_INTEGER_set(X509_get_serialNumber(certificate), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate), 0);
  X509_gmtime_adj(X509_getm_notAfter(certificate), 3600);
  X509_set_pubkey(certificate, key);
  X509_NAME* subject = X509_get_subject_name(certificate);
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, reinterpret_cast<const unsigned char*>(name), -1,
                             -1, 0);
  X509_set_issuer_name(certificate, subject);
  X509_sign(certificate, key, EVP_sha256());
  BIO* certificate_pem = BIO_new(BIO_s_mem());
  BIO* key_pem = BIO_new(BIO_s_mem());
  PEM_write_bio_X509(certificate_pem, certificate);
  PEM_write_bio_PrivateKey(key_pem, key, nullptr, nullptr, 0, nullptr, nullptr);
  X509_free(certificate);
  EVP_PKEY_free(key);
  return {drain_bio(certificate_pem), drain_bio(key_pem)};
}

inline ServerOptions loopback_options() {
  ServerOptions options;
  options.listen = {{"127.0.0.1", 0, false}};
  options.io_threads = 1;
  options.access_log = false;
  return options;
}

class RunningServer {
 public:
  explicit RunningServer(Handler handler, ServerOptions options = loopback_options())
      : server_(std::move(options), {clock_, random_, metrics_}, std::move(handler)) {
    const auto started = server_.start();
    EXPECT_TRUE(started) << (started ? "" : started.error().message);
  }
  uint16_t port(size_t i = 0) const { return server_.addresses()[i].port; }
  Server& server() { return server_; }
  const metrics::Registry& registry() const { return metrics_; }
  int64_t open_connections() { return metrics_.gauge("durward_http_connections", "").value(); }

 private:
  SystemClock clock_;
  SystemRandom random_;
  metrics::Registry metrics_;
  Server server_;
};

// Requests that are not answered until they are let go, which their server must live to see: drain it
// afterwards.
class Held {
 public:
  Task<> wait() {
    co_await Suspend{[this](std::function<void()> resume) {
      std::lock_guard lock(mutex_);
      waiting_.push_back(std::move(resume));
    }};
  }
  void let_go() {
    std::unique_lock lock(mutex_);
    const auto waiting = std::exchange(waiting_, {});
    lock.unlock();
    for (const auto& resume : waiting) resume();
  }

 private:
  std::mutex mutex_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace durward::http::testing
