#include "http/tls.h"

#include <gtest/gtest.h>

#include "http/test_server.h"

namespace durward::http {
namespace {

using namespace testing;

Task<Response> hello(Request request) {
  co_return text_response(200, "hello " + request.scheme + " " + request.host);
}

struct TlsServer {
  std::shared_ptr<TlsContexts> contexts = *TlsContexts::create(make_identity("default.test"));
  RunningServer server{hello, options()};

  ServerOptions options() const {
    ServerOptions out = loopback_options();
    out.listen[0].tls = true;
    out.tls = contexts;
    return out;
  }
};

std::string shown_name(TestClient& client) {
  X509* certificate = SSL_get1_peer_certificate(client.ssl());
  if (!certificate) return "nothing";
  char name[100] = "";
  X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, sizeof name);
  X509_free(certificate);
  return name;
}

std::string name_for(const TlsServer& tls, const char* host) {
  TestClient client(tls.server.port());
  return client.start_tls(host) ? shown_name(client) : "no handshake";
}

constexpr std::string_view get_root = "GET / HTTP/1.1\r\nHost: a.test:443\r\n\r\n";

TEST(Tls, answers_with_1_3_and_1_2_and_alpn) {
  TlsServer tls;
  for (int version : {TLS1_3_VERSION, TLS1_2_VERSION}) {
    TestClient client(tls.server.port());
    ASSERT_TRUE(client.start_tls("a.test", version));
    EXPECT_EQ(SSL_version(client.ssl()), version);
    const unsigned char* protocol = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &protocol, &size);
    EXPECT_EQ(std::string_view(reinterpret_cast<const char*>(protocol), size), "http/1.1");
    EXPECT_EQ(client.ask(get_root).body, "hello https a.test");
    EXPECT_EQ(client.ask(get_root).status, 200);
  }
}

TEST(Tls, refuses_1_1) {
  TlsServer tls;
  TestClient client(tls.server.port());
  EXPECT_FALSE(client.start_tls("a.test", TLS1_1_VERSION));
}

TEST(Tls, sni_picks_the_certificate) {
  TlsServer tls;
  ASSERT_TRUE(tls.contexts->set_host("One.test", make_identity("one.test")));
  ASSERT_TRUE(tls.contexts->set_host("*.two.test", make_identity("wild.two.test")));
  EXPECT_EQ(name_for(tls, "ONE.test"), "one.test");
  EXPECT_EQ(name_for(tls, "x.two.test"), "wild.two.test");
  EXPECT_EQ(name_for(tls, "x.y.two.test"), "default.test");
  EXPECT_EQ(name_for(tls, "two.test"), "default.test");
  EXPECT_EQ(name_for(tls, nullptr), "default.test");
}

TEST(Tls, certificates_are_replaced_while_serving) {
  TlsServer tls;
  ASSERT_TRUE(tls.contexts->set_host("one.test", make_identity("old")));
  EXPECT_EQ(name_for(tls, "one.test"), "old");
  ASSERT_TRUE(tls.contexts->set_host("one.test", make_identity("new")));
  EXPECT_EQ(name_for(tls, "one.test"), "new");
  tls.contexts->remove_host("one.test");
  EXPECT_EQ(name_for(tls, "one.test"), "default.test");
  ASSERT_TRUE(tls.contexts->set_default(make_identity("other default")));
  EXPECT_EQ(name_for(tls, "one.test"), "other default");
}

TEST(Tls, an_unknown_host_is_asked_of_the_source_once) {
  TlsServer tls;
  std::atomic<int> asked = 0;
  tls.contexts->set_source([&asked](std::string_view host) -> std::optional<TlsIdentity> {
    ++asked;
    if (!host.ends_with(".dev.test")) return {};
    return make_identity(std::string(host).c_str());
  });
  EXPECT_EQ(name_for(tls, "a.dev.test"), "a.dev.test");
  EXPECT_EQ(name_for(tls, "A.dev.test"), "a.dev.test");
  EXPECT_EQ(asked, 1);
  EXPECT_EQ(name_for(tls, "stranger.test"), "default.test");
  EXPECT_EQ(asked, 2);
}

TEST(Tls, sessions_are_resumed) {
  TlsServer tls;
  TestClient first(tls.server.port());
  ASSERT_TRUE(first.start_tls("a.test"));
  EXPECT_EQ(first.ask(get_root).status, 200);  // the ticket comes with the first answer
  SSL_SESSION* session = SSL_get1_session(first.ssl());
  TestClient second(tls.server.port());
  ASSERT_TRUE(second.start_tls("a.test", TLS1_3_VERSION, session));
  EXPECT_TRUE(SSL_session_reused(second.ssl()));
  EXPECT_EQ(second.ask(get_root).status, 200);
  SSL_SESSION_free(session);
}

TEST(Tls, a_plaintext_request_is_told_so_at_once) {
  TlsServer tls;
  TestClient client(tls.server.port());
  EXPECT_EQ(client.ask("GET / HTTP/1.1\r\nHost: a\r\n\r\n").status, 400);
  EXPECT_TRUE(client.is_closed());
  TestClient garbage(tls.server.port());
  garbage.send(std::string(100, 'x'));
  EXPECT_EQ(garbage.read_answer().status, 0);
}

TEST(Tls, an_oversized_body_is_answered_before_the_end) {
  TlsServer tls;
  TestClient client(tls.server.port());
  ASSERT_TRUE(client.start_tls("a.test"));
  const std::string head = "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1048577\r\n\r\n";
  EXPECT_EQ(client.ask(head + std::string(1048577, 'a')).status, 413);
  EXPECT_TRUE(client.is_closed());
  EXPECT_EQ(SSL_get_shutdown(client.ssl()) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
}

TEST(Tls, drain_closes_idle_connections) {
  TlsServer tls;
  TestClient client(tls.server.port());
  ASSERT_TRUE(client.start_tls("a.test"));
  EXPECT_EQ(client.ask(get_root).status, 200);
  EXPECT_TRUE(tls.server.server().drain());
  EXPECT_TRUE(client.is_closed());
}

TEST(Tls, refuses_certificates_that_do_not_work) {
  const TlsIdentity one = make_identity("one"), two = make_identity("two");
  const TlsIdentity wrong[] = {{"", one.key_pem},
                               {one.certificate_pem, ""},
                               {one.certificate_pem, two.key_pem},
                               {one.key_pem, one.key_pem}};
  for (const auto& identity : wrong) {
    const auto made = TlsContexts::create(identity);
    ASSERT_FALSE(made);
    EXPECT_EQ(made.error().code, "bad_certificate");
  }
}

}  // namespace
}  // namespace durward::http
