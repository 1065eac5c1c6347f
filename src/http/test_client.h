#pragma once
#include <arpa/inet.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <stdexcept>
#include <string>
#include <string_view>

#include "http/message.h"

// A blocking client for tests: sends bytes as they are and reads one answer at a time. Loopback only.
namespace durward::http::testing {

struct Answer {
  int status = 0;  // 0: the connection ended first
  Headers headers;
  std::string body;
};

class TestClient {
 public:
  explicit TestClient(uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&to), sizeof to) == 0;
    const timeval patience{10, 0};  // only a broken server waits so long
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  }
  ~TestClient() {
    SSL_free(ssl_);
    SSL_CTX_free(context_);
    ::close(fd_);
  }
  TestClient(const TestClient&) = delete;

  bool connected() const { return connected_; }

  // False when the server refuses the handshake.
  bool start_tls(const char* host, int version_max = TLS1_3_VERSION, SSL_SESSION* session = nullptr) {
    context_ = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_security_level(context_, 0);
    SSL_CTX_set_max_proto_version(context_, version_max);
    SSL_CTX_set_min_proto_version(context_, TLS1_VERSION);
    ssl_ = SSL_new(context_);
    SSL_set_alpn_protos(ssl_, reinterpret_cast<const unsigned char*>("\x08http/1.1"), 9);
    if (host) SSL_set_tlsext_host_name(ssl_, host);
    if (session) SSL_set_session(ssl_, session);
    SSL_set_fd(ssl_, fd_);
    return SSL_connect(ssl_) == 1;
  }
  SSL* ssl() { return ssl_; }

  void send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ssl_ ? SSL_write(ssl_, bytes.data(), int(bytes.size()))
                          : int(::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL));
      if (n <= 0) return;
      bytes.remove_prefix(size_t(n));
    }
  }

  Answer read_answer(bool to_head = false) {
    Answer answer;
    size_t end;
    while ((end = buffer_.find("\r\n\r\n")) == buffer_.npos)
      if (!fill()) return {};
    parse_head(buffer_.substr(0, end), answer);
    buffer_.erase(0, end + 4);
    size_t length = 0;
    const auto text = answer.headers.get("Content-Length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    while (!to_head && buffer_.size() < length)
      if (!fill()) return {};
    if (!to_head) {
      answer.body = buffer_.substr(0, length);
      buffer_.erase(0, length);
    }
    return answer;
  }
  Answer ask(std::string_view bytes) {
    send(bytes);
    return read_answer();
  }
  bool is_closed() { return buffer_.empty() && !fill(); }  // waits for the end
  std::string& buffered() { return buffer_; }

 private:
  bool fill() {
    char chunk[8192];
    const auto n = ssl_ ? SSL_read(ssl_, chunk, sizeof chunk) : int(::recv(fd_, chunk, sizeof chunk, 0));
    if (n <= 0) return false;
    buffer_.append(chunk, size_t(n));
    return true;
  }
  static void parse_head(std::string_view head, Answer& answer) {
    std::from_chars(head.data() + 9, head.data() + 12, answer.status);
    for (size_t at = head.find("\r\n"); at != head.npos;) {
      const size_t next = head.find("\r\n", at + 2);
      const std::string_view line = head.substr(at + 2, next == head.npos ? next : next - at - 2);
      const size_t colon = line.find(": ");
      answer.headers.add(line.substr(0, colon), std::string(line.substr(colon + 2)));
      at = next;
    }
  }

  int fd_;
  bool connected_ = false;
  SSL_CTX* context_ = nullptr;
  SSL* ssl_ = nullptr;
  std::string buffer_;
};

}  // namespace durward::http::testing
