#include "http/head.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

RawHead raw(std::string method, std::string target, std::vector<std::pair<std::string, std::string>> fields,
            int version = 11) {
  RawHead head{std::move(method), std::move(target), version, {}};
  for (auto& [name, value] : fields) head.headers.add(name, value);
  return head;
}

int refusal_of(RawHead head) {
  const auto checked = check_head(std::move(head), "http");
  return checked ? 0 : checked.error().status;
}

TEST(RequestHead, takes_host_from_the_header_or_an_absolute_target) {
  struct Case {
    std::string target, host_field, host, path, query;
  };
  const Case cases[] = {
      {"/a?b=c?d", "Example.COM:80", "example.com", "/a", "b=c?d"},
      {"/", "[::1]:8080", "[::1]:8080", "/", ""},
      {"http://Other.test:8080/x?y", "example.com", "other.test:8080", "/x", "y"},
      {"http://other.test?y", "example.com", "other.test", "/", "y"},
      {"/a%2Fb", "localhost", "localhost", "/a%2Fb", ""},
  };
  for (const auto& c : cases) {
    const auto head = check_head(raw("GET", c.target, {{"Host", c.host_field}}), "http");
    ASSERT_TRUE(head) << c.target;
    EXPECT_EQ(head->request.host, c.host);
    EXPECT_EQ(head->request.path, c.path);
    EXPECT_EQ(head->request.query, c.query);
  }
}

TEST(RequestHead, refuses_missing_repeated_and_malformed_hosts) {
  EXPECT_EQ(refusal_of(raw("GET", "/", {})), 400);
  EXPECT_EQ(refusal_of(raw("GET", "/", {{"Host", "a"}, {"host", "a"}})), 400);
  for (const char* host :
       {"", "a b", "a@b", "a/b", "a:0", "a:99999", "a:", "a:8x", "a..b", "[::1", "[]", "a,b", ":80"})
    EXPECT_EQ(refusal_of(raw("GET", "/", {{"Host", host}})), 400) << host;
  EXPECT_EQ(refusal_of(raw("GET", "/", {}, 10)), 0);
}

TEST(RequestHead, refuses_framing_that_can_be_read_in_two_ways) {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  struct Case {
    Fields fields;
    int status;
  };
  const Case cases[] = {
      {{{"Content-Length", "5"}, {"Transfer-Encoding", "chunked"}}, 400},
      {{{"Content-Length", "5"}, {"Content-Length", "5"}}, 400},
      {{{"Content-Length", "5, 5"}}, 400},
      {{{"Content-Length", "+5"}}, 400},
      {{{"Content-Length", ""}}, 400},
      {{{"Content-Length", "0x5"}}, 400},
      {{{"Content-Length", "99999999999999999999999"}}, 400},
      {{{"Transfer-Encoding", "gzip, chunked"}}, 501},
      {{{"Transfer-Encoding", "gzip"}}, 400},
      {{{"Transfer-Encoding", "chunked, chunked"}}, 400},
      {{{"Transfer-Encoding", "chunked"}, {"Transfer-Encoding", "identity"}}, 400},
      {{{"Transfer-Encoding", "xchunked"}}, 400},
      {{{"Transfer-Encoding", ""}}, 400},
      {{{"Transfer-Encoding", "Chunked"}}, 0},
      {{{"Expect", "a-miracle"}}, 417},
  };
  for (auto c : cases) {
    const std::string what = c.fields[0].second;
    c.fields.emplace_back("Host", "a");
    EXPECT_EQ(refusal_of(raw("POST", "/", c.fields)), c.status) << what;
  }
  EXPECT_EQ(refusal_of(raw("POST", "/", {{"Transfer-Encoding", "chunked"}}, 10)), 400);
}

TEST(RequestHead, refuses_targets_that_are_no_path) {
  for (const char* target :
       {"*", "a", "ftp://a/", "http://", "http:///x", "//\x7f", "/a#b", "/\xc3\xa4", "http://u@a/"})
    EXPECT_EQ(refusal_of(raw("GET", target, {{"Host", "a"}})), 400) << target;
  EXPECT_EQ(refusal_of(raw("CONNECT", "a:443", {{"Host", "a"}})), 501);
  EXPECT_EQ(refusal_of(raw("OPTIONS", "*", {{"Host", "a"}})), 0);
}

TEST(RequestHead, decides_whether_the_connection_stays) {
  struct Case {
    int version;
    std::string connection;
    bool keep;
  };
  const Case cases[] = {{11, "", true},  {11, "close", false},     {11, "x, Close", false},
                        {10, "", false}, {10, "Keep-Alive", true}, {10, "keep-alive, close", false}};
  for (const auto& c : cases) {
    const auto head =
        check_head(raw("GET", "/", {{"Host", "a"}, {"Connection", c.connection}}, c.version), "http");
    ASSERT_TRUE(head);
    EXPECT_EQ(head->keep_alive, c.keep) << c.version << c.connection;
  }
}

int scan_all(std::string_view text, size_t head_max = 200, size_t url_max = 100, size_t fields_max = 5) {
  HeadScanner scanner(head_max, url_max, fields_max);
  for (size_t n = 1; n <= text.size(); ++n) {  // byte by byte, as a slow client sends
    const auto size = scanner.scan(text.substr(0, n));
    if (!size) return size.error().status;
    if (*size > 0) return *size == text.size() ? 200 : 0;
  }
  return 0;
}

TEST(HeadScanner, finds_the_end_and_refuses_bad_lines_byte_by_byte) {
  EXPECT_EQ(scan_all("GET / HTTP/1.1\r\nHost: a\r\n\r\n"), 200);
  EXPECT_EQ(scan_all("GET / HTTP/1.1\r\nHost: a\r\n"), 0);
  EXPECT_EQ(scan_all("GET / HTTP/1.1\nHost: a\n\n"), 400);
  EXPECT_EQ(scan_all("GET / HTTP/1.1\r\nHost: a\r\n b\r\n\r\n"), 400);
  EXPECT_EQ(scan_all("GET / HTTP/1.1\r\n Host: a\r\n\r\n"), 400);
  EXPECT_EQ(scan_all("\x16\x03\x01"), 400);
  EXPECT_EQ(scan_all("GET /" + std::string(140, 'a')), 414);
  EXPECT_EQ(scan_all("GET / HTTP/1.1\r\nA: " + std::string(300, 'a')), 431);
  EXPECT_EQ(
      scan_all("GET / HTTP/1.1\r\n" + std::string("A: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\nA: b\r\n\r\n")),
      431);
}

}  // namespace
}  // namespace durward::http
