#include "http/client_wire.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

Result<Response> read(std::string_view bytes, size_t piece, Method method = Method::get) {
  ResponseReader reader(method, 1000, 1000);
  while (!bytes.empty()) {
    const auto complete = reader.feed(bytes.substr(0, piece));
    if (!complete) return std::unexpected(complete.error());
    if (*complete) return reader.take();
    bytes.remove_prefix(std::min(piece, bytes.size()));
  }
  ENSURE(reader.finish());
  return reader.take();
}

TEST(ResponseReaderTest, reads_a_response_in_pieces_of_any_size) {
  constexpr std::string_view sized = "HTTP/1.1 201 Created\r\nContent-Length: 5\r\nX-A:  b \r\n\r\nhello";
  constexpr std::string_view chunked =
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n";
  for (size_t piece = 1; piece < sized.size(); ++piece) {
    EXPECT_EQ(read(sized, piece)->body, "hello");
    EXPECT_EQ(read(sized, piece)->headers.get("x-a"), "b");
    EXPECT_EQ(read(chunked, piece)->body, "hello");
  }
}

TEST(ResponseReaderTest, skips_interim_answers) {
  EXPECT_EQ(read("HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n", 7)->status, 204);
}

TEST(ResponseReaderTest, an_answer_to_head_has_no_body) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", 100, Method::head)->status, 200);
}

TEST(ResponseReaderTest, a_body_without_length_ends_with_the_connection) {
  EXPECT_EQ(read("HTTP/1.0 200 OK\r\n\r\nall of it", 5)->body, "all of it");
}

TEST(ResponseReaderTest, refuses_what_two_readers_could_understand_differently) {
  for (const std::string_view bad :
       {"HTTP/2 200 OK\r\n\r\n", "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1 200 OK\r\nA b: c\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA: b\r\n c\r\n\r\n", "HTTP/1.1 101 Switching Protocols\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"})
    EXPECT_EQ(read(bad, 1000).error().code, "bad_answer") << bad;
}

TEST(ResponseReaderTest, refuses_more_than_the_bounds) {
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n", 1000).error().code, "answer_too_large");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\nX: " + std::string(1000, 'x'), 100).error().code, "answer_too_large");
  EXPECT_EQ(read("HTTP/1.1 200 OK\r\n\r\n" + std::string(1001, 'x'), 100).error().code, "answer_too_large");
}

TEST(ResponseReaderTest, a_connection_is_kept_only_when_nothing_is_left_on_it) {
  const auto keeps = [](std::string_view bytes) {
    ResponseReader reader(Method::get, 1000, 1000);
    EXPECT_TRUE(reader.feed(bytes).value());
    return reader.keep_alive();
  };
  EXPECT_TRUE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_TRUE(keeps("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nConnection: x, close\r\nContent-Length: 0\r\n\r\n"));
  EXPECT_FALSE(keeps("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nmore"));
}

TEST(RequestTest, the_framing_fields_are_the_clients_own) {
  ClientRequest request;
  request.origin = {true, "h.example", 443};
  request.method = Method::post;
  request.headers.set("Host", "evil.example");
  request.headers.set("Content-Length", "9");
  request.headers.set("X-A", "b");
  request.body = "xy";
  std::string out;
  EXPECT_TRUE(append_request(out, request));
  EXPECT_EQ(out, "POST / HTTP/1.1\r\nHost: h.example\r\nContent-Length: 2\r\nX-A: b\r\n\r\nxy");
}

}  // namespace
}  // namespace durward::http
