#include "login/style.h"

#include <string_view>

#include "base/encoding.h"
#include "login/pages.h"

namespace durward::login {
namespace {

constexpr std::string_view rules =
    "*{box-sizing:border-box}"
    "body{margin:0;min-height:100vh;display:grid;place-items:center;padding:1rem;"
    "background:var(--page);color:#1e212a;font:1rem/1.5 system-ui,sans-serif}"
    "main{width:100%;max-width:25rem;background:#fff;border-radius:.5rem;padding:2rem;"
    "box-shadow:0 .5rem 2rem #0002}"
    "h1{font-size:1.4rem;line-height:1.3;margin:.5rem 0 1rem;text-align:center;overflow-wrap:anywhere}"
    ".logo{display:block;max-height:4rem;max-width:60%;margin:0 auto}"
    "label{display:block;margin:1rem 0 .25rem;font-weight:600}"
    "input{width:100%;font:inherit;padding:.6rem .75rem;border:1px solid #767b89;border-radius:.3rem;"
    "background:#fff;color:inherit}"
    "input[readonly]{background:#f1f2f5}"
    "button{width:100%;margin-top:1.25rem;padding:.7rem;font:inherit;font-weight:600;border:2px solid "
    "var(--brand);"
    "border-radius:.3rem;background:var(--brand);color:var(--on-brand);cursor:pointer}"
    "button.second{background:transparent;color:inherit;margin-top:.75rem}"
    "input:focus-visible,button:focus-visible,a:focus-visible{outline:3px solid "
    "var(--brand);outline-offset:2px}"
    "progress{width:100%;accent-color:var(--brand)}"
    ".picture{display:block;width:100%;margin-top:1rem;border-radius:.3rem}"
    "a{color:inherit;font-weight:600}"
    ".note{text-align:center;margin:1rem 0 0}"
    ".error{border:1px solid #c4182f;border-left-width:.4rem;border-radius:.3rem;padding:.6rem .75rem;"
    "overflow-wrap:anywhere}"
    ".error ul{margin:.25rem 0 0;padding-left:1.2rem}"
    "@media(prefers-color-scheme:dark){body{background:#16181d;color:#eceef2}main{background:#23262e}"
    "input{background:#16181d;border-color:#9298a6}input[readonly]{background:#2d313b}"
    "button{border-color:#9298a6}}";

int channel(std::string_view color, size_t index) {
  const bool is_short = color.size() == 4;
  const std::string digits =
      is_short ? std::string(2, color[1 + index]) : std::string(color.substr(1 + 2 * index, 2));
  return std::stoi(digits, nullptr, 16);
}

// Black or white, whichever is easier to read on the colour (perceived brightness, ITU-R BT.601).
std::string_view readable_on(std::string_view color) {
  const int brightness = (299 * channel(color, 0) + 587 * channel(color, 1) + 114 * channel(color, 2)) / 1000;
  return brightness > 150 ? "#000" : "#fff";
}

}  // namespace

std::string safe_color(std::string_view color, std::string_view fallback) {
  const bool fits = (color.size() == 4 || color.size() == 7) && color[0] == '#' &&
                    color.find_first_not_of("0123456789abcdefABCDEF", 1) == std::string_view::npos;
  return std::string(fits ? color : fallback);
}

std::string style_sheet(const domain::Branding& branding) {
  const std::string brand = safe_color(branding.primary_color, "#635dff");
  std::string out = ":root{color-scheme:light dark;--brand:" + brand;
  out += ";--on-brand:" + std::string(readable_on(brand));
  out += ";--page:" + safe_color(branding.page_background, "#f4f5f7") + "}";
  return out += rules;
}

}  // namespace durward::login
