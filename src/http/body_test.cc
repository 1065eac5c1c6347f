#include "http/body.h"

#include <gtest/gtest.h>

namespace durward::http {
namespace {

struct Outcome {
  int status = 0;  // 0: still incomplete, 200: done
  std::string body;
  size_t used = 0;
};

// Shows the bytes in pieces of `step`, as they come off a socket.
Outcome read_in_steps(const CheckedHead& head, std::string_view bytes, size_t step, size_t body_max) {
  BodyReader reader(head, body_max);
  Outcome out;
  for (size_t end = std::min(step, bytes.size());; end = std::min(end + step, bytes.size())) {
    const auto read = reader.read(bytes.substr(out.used, end - out.used), out.body);
    if (!read) return {read.error().status, out.body, out.used};
    out.used += read->consumed;
    if (read->done) out.status = 200;
    if (read->done || end == bytes.size()) return out;
  }
}

CheckedHead chunked_head() {
  CheckedHead head;
  head.chunked = true;
  return head;
}

TEST(BodyReader, takes_chunks_in_pieces_of_any_size_and_leaves_what_follows) {
  const std::string cases[][2] = {
      {"0\r\n\r\n", ""},
      {"3\r\nabc\r\n0\r\n\r\n", "abc"},
      {"3;a=b;c=\"d\"\r\nabc\r\n00A\r\n\r\n\r\n567890\r\n000\r\n\r\n", "abc\r\n\r\n567890"},
      {"1\r\n\n\r\n0;x\r\nA: b\r\nC:\r\n\r\n", "\n"}};
  for (const auto& [bytes, body] : cases)
    for (size_t step = 1; step < bytes.size() + 6; ++step) {
      const Outcome out = read_in_steps(chunked_head(), bytes + "GET /", step, 100);
      EXPECT_EQ(out.status, 200) << bytes << step;
      EXPECT_EQ(out.body, body) << bytes << step;
      EXPECT_EQ(out.used, bytes.size()) << bytes << step;
    }
}

TEST(BodyReader, refuses_what_is_no_chunk) {
  std::string extensions, trailers = "0\r\n";
  for (int i = 0; i < 20; ++i) extensions += "1;" + std::string(1000, 'x') + "\r\na\r\n";
  for (int i = 0; i < 20; ++i) trailers += "A: " + std::string(1000, 'x') + "\r\n";
  const std::string cases[] = {"\r\n",
                               "g\r\n",
                               "-1\r\n",
                               " 1\r\n",
                               "1 \r\na\r\n",
                               "0x1\r\n",
                               "1\na\r\n",
                               "1\r\nab\r\n",
                               "1\r\na\n",
                               "1\r\na0\r\n\r\n",
                               "000000001\r\n",
                               "1;\x01\r\n",
                               "1;a\rb\r\n",
                               "0\r\nno-colon\r\n\r\n",
                               "0\r\n:a\r\n",
                               "0\r\na: b\n\r\n",
                               extensions,
                               trailers,
                               std::string(5000, '0')};
  for (const auto& bytes : cases)
    for (size_t step : {size_t(1), bytes.size()})
      EXPECT_EQ(read_in_steps(chunked_head(), bytes, step, 1000).status, 400) << bytes.substr(0, 30);
}

TEST(BodyReader, bounds_the_sum_of_all_chunks) {
  EXPECT_EQ(read_in_steps(chunked_head(), "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n", 1, 5).status, 200);
  EXPECT_EQ(read_in_steps(chunked_head(), "3\r\nabc\r\n3\r\n", 1, 5).status, 413);
  EXPECT_EQ(read_in_steps(chunked_head(), "ffffffff\r\n", 1, 5).status, 413);
}

TEST(BodyReader, takes_a_known_length_and_not_a_byte_more) {
  CheckedHead head;
  head.length = 3;
  for (size_t step : {1, 2, 3, 10}) {
    const Outcome out = read_in_steps(head, "abcdef", step, 5);
    EXPECT_EQ(out.status, 200);
    EXPECT_EQ(out.body, "abc");
    EXPECT_EQ(out.used, 3u);
  }
  EXPECT_EQ(read_in_steps(head, "ab", 1, 5).status, 0);
}

}  // namespace
}  // namespace durward::http
