#pragma once
#include <string>
#include <string_view>

#include "base/encoding.h"

// HTML that is escaped by its type: plain text cannot get into markup unescaped, because only literals of
// this program and Markup itself are taken as they are.
namespace durward::login {

struct Markup {
  std::string html;
  Markup& operator+=(const Markup& other) {
    html += other.html;
    return *this;
  }
};

// A format with `{}` places; only a compile-time string becomes one.
struct Format {
  template <size_t N>
  consteval Format(const char (&literal)[N]) : text(literal, N - 1) {}  // NOLINT: implicit on purpose
  std::string_view text;
};

namespace detail {
inline void put(std::string& out, const Markup& markup) { out += markup.html; }
inline void put(std::string& out, std::string_view plain) { out += html_escape(plain); }

template <class T>
void fill_next(std::string& out, std::string_view& rest, const T& argument) {
  const size_t at = rest.find("{}");
  out += rest.substr(0, at);
  if (at == std::string_view::npos) return void(rest = {});
  put(out, argument);
  rest.remove_prefix(at + 2);
}
}  // namespace detail

// html("<p class=\"{}\">{}</p>", plain, markup): text is escaped for element content and quoted attributes
// alike.
template <class... T>
Markup html(Format format, const T&... arguments) {
  Markup out;
  std::string_view rest = format.text;
  (detail::fill_next(out.html, rest, arguments), ...);
  out.html += rest;
  return out;
}

}  // namespace durward::login
