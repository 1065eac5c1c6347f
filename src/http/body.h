#pragma once
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "http/head.h"

// Takes the body of one request out of a byte stream that arrives in pieces: a known length, or chunks.
// Stricter than RFC 9112 asks for, because a body two readers end in different places is a smuggled request.
namespace durward::http {

class BodyReader {
 public:
  BodyReader(const CheckedHead& head, size_t body_max)
      : state_(head.chunked  ? State::size
               : head.length ? State::data
                             : State::done),
        chunked_(head.chunked),
        left_(head.length),
        body_max_(body_max) {}

  struct Step {
    size_t consumed = 0;
    bool done = false;
  };
  // Appends to `out` and says how much of `bytes` is used up; the rest is shown again with more behind it.
  // Refusals: 413 and 400.
  std::expected<Step, Refusal> read(std::string_view bytes, std::string& out);

 private:
  enum class State { size, data, data_end, trailers, done };
  // The line at the front without its CR LF; empty optional while it is not complete.
  std::expected<std::optional<std::string_view>, Refusal> next_line(std::string_view bytes);
  std::expected<void, Refusal> take_line(std::string_view line, size_t body_size);
  std::expected<void, Refusal> take_size(std::string_view line, size_t body_size);
  std::expected<void, Refusal> take_trailer(std::string_view line);
  size_t take_data(std::string_view bytes, std::string& out);

  State state_;
  bool chunked_;
  uint64_t left_;  // of the body or the chunk
  size_t body_max_;
  size_t extra_ = 0;  // bytes of chunk extensions and trailers, which carry nothing for us
};

}  // namespace durward::http
