#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "http/message.h"

// RFC 6265: reading Cookie, writing Set-Cookie.
namespace durward::http {

// Pairs that do not keep the grammar are left out, never repaired (other applications of the domain may send
// them). At most 100 pairs are read.
class Cookies {
 public:
  static Cookies parse(const Headers& headers);
  std::optional<std::string> get(std::string_view name) const;  // the first
  size_t count(
      std::string_view name) const;  // more than one may be somebody planting a cookie from a sibling domain
  size_t size() const { return pairs_.size(); }

 private:
  void read(std::string_view field);
  std::vector<std::pair<std::string, std::string>> pairs_;
};

enum class SameSite { lax, strict, none };

// The defaults are the safe ones; take away only what a use needs.
struct SetCookie {
  std::string name;
  std::string value;                 // cookie-octets only; encode anything else (base64url)
  std::optional<Seconds> max_age{};  // none: until the browser ends
  std::string path = "/";
  std::string domain{};  // none: this host only
  bool http_only = true;
  bool secure = true;
  SameSite same_site = SameSite::lax;
};

// Throws std::logic_error for what no browser would keep or what could split the header: octets outside the
// grammar,
// __Host- without Secure, with a domain or another path, __Secure- or SameSite=None without Secure.
std::string format(const SetCookie& cookie);
void set_cookie(Response& response, const SetCookie& cookie);
// The same cookie (name, path, domain, flags), ended.
void expire_cookie(Response& response, SetCookie cookie);

}  // namespace durward::http
