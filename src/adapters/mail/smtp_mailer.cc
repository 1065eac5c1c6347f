#include "adapters/mail/smtp_mailer.h"

#include <curl/curl.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "adapters/mail/mime.h"

namespace durward::adapters {

namespace {
struct Easy {
  CURL* handle = curl_easy_init();
  curl_slist* recipients = nullptr;
  ~Easy() {
    curl_slist_free_all(recipients);
    curl_easy_cleanup(handle);
  }
};

size_t read_message(char* buffer, size_t size, size_t count, void* source) {
  auto& rest = *static_cast<std::string_view*>(source);
  const size_t n = std::min(size * count, rest.size());
  std::memcpy(buffer, rest.data(), n);
  rest.remove_prefix(n);
  return n;
}
size_t discard(char*, size_t size, size_t count, void*) { return size * count; }

// RFC 5321 §4.2.1: 5yz will not get better by itself. Authentication is our own setting and may be mended.
bool is_permanent(long code) {
  return code >= 500 && code < 600 && code != 530 && code != 534 && code != 535;
}

void set_security(CURL* curl, const SmtpOptions& options) {
  curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
  curl_easy_setopt(curl, CURLOPT_USE_SSL, long(options.require_starttls ? CURLUSESSL_ALL : CURLUSESSL_TRY));
  curl_easy_setopt(curl, CURLOPT_SSLVERSION, long(CURL_SSLVERSION_TLSv1_2));
  if (!options.ca_file.empty()) curl_easy_setopt(curl, CURLOPT_CAINFO, options.ca_file.c_str());
  if (options.username.empty()) return;
  curl_easy_setopt(curl, CURLOPT_USERNAME, options.username.c_str());
  curl_easy_setopt(curl, CURLOPT_PASSWORD, options.password.c_str());
}

// What a connection is about to be made to, after names were looked up: nothing can change in between.
struct Guard {
  const AddressRule& allows;
  bool refused = false;
};

http::IpAddress address_of(const curl_sockaddr& found) {
  http::IpAddress out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};  // IPv4 as http/address.h keeps it
  if (found.family == AF_INET)
    std::memcpy(out.data() + 12, &reinterpret_cast<const sockaddr_in&>(found.addr).sin_addr, 4);
  else
    std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6&>(found.addr).sin6_addr, 16);
  return out;
}

curl_socket_t open_socket(void* data, curlsocktype, curl_sockaddr* wanted) {
  auto& guard = *static_cast<Guard*>(data);
  const bool is_ip = wanted->family == AF_INET || wanted->family == AF_INET6;
  if (!is_ip || !guard.allows(address_of(*wanted))) {
    guard.refused = true;
    return CURL_SOCKET_BAD;
  }
  return ::socket(wanted->family, wanted->socktype | SOCK_CLOEXEC, wanted->protocol);
}

void set_guard(CURL* curl, Guard& guard) {
  if (!guard.allows) return;
  curl_easy_setopt(curl, CURLOPT_PROXY, "");  // the environment's would connect in our place
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETFUNCTION, open_socket);
  curl_easy_setopt(curl, CURLOPT_OPENSOCKETDATA, &guard);
}

void set_limits(CURL* curl, const SmtpOptions& options) {
  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
  curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, long(options.connect_timeout.count()));
  curl_easy_setopt(curl, CURLOPT_TIMEOUT, long(options.timeout.count()));
}

std::string url_of(const SmtpOptions& options, const domain::MailAddress& from) {
  std::string url = options.url;
  while (url.ends_with('/')) url.pop_back();
  const auto& helo = options.helo_domain;
  return url + "/" + (helo.empty() ? std::string(from.domain()) : helo);
}
}  // namespace

void initialise_smtp() {
  static const CURLcode ready = curl_global_init(CURL_GLOBAL_DEFAULT);  // once a process, as libcurl demands
  if (ready != CURLE_OK) throw std::runtime_error("libcurl cannot be initialised");
}

SmtpMailer::SmtpMailer(SmtpOptions options, const Clock& clock, Random& random)
    : options_(std::move(options)),
      clock_(clock),
      random_(random),
      pool_("smtp", options_.threads, options_.queue_max) {
  initialise_smtp();
}
SmtpMailer::~SmtpMailer() = default;

Async<> SmtpMailer::send(ports::Mail mail) {
  co_return co_await pool_.run([&] { return send_over_smtp(options_, mail, clock_.now(), random_); });
}

Result<> send_over_smtp(const SmtpOptions& options, const ports::Mail& mail, TimePoint now, Random& random) {
  TRY(const auto from, domain::parse_mail_address(mail.from.empty() ? options.default_from : mail.from));
  TRY(const auto to, domain::parse_mail_address(mail.to));
  const auto message = mime::render(mail, from, to, now, random);
  const auto url = url_of(options, from);
  const auto sender = "<" + from.address + ">", recipient = "<" + to.address + ">";
  std::string_view rest = message;

  Easy easy;
  set_security(easy.handle, options);
  set_limits(easy.handle, options);
  Guard guard{options.allows};
  set_guard(easy.handle, guard);
  easy.recipients = curl_slist_append(nullptr, recipient.c_str());
  curl_easy_setopt(easy.handle, CURLOPT_URL, url.c_str());
  curl_easy_setopt(easy.handle, CURLOPT_MAIL_FROM, sender.c_str());
  curl_easy_setopt(easy.handle, CURLOPT_MAIL_RCPT, easy.recipients);
  curl_easy_setopt(easy.handle, CURLOPT_READFUNCTION, read_message);
  curl_easy_setopt(easy.handle, CURLOPT_READDATA, &rest);
  curl_easy_setopt(easy.handle, CURLOPT_WRITEFUNCTION, discard);
  curl_easy_setopt(easy.handle, CURLOPT_UPLOAD, 1L);

  const CURLcode code = curl_easy_perform(easy.handle);
  if (code == CURLE_OK) return {};
  long reply = 0;
  curl_easy_getinfo(easy.handle, CURLINFO_RESPONSE_CODE, &reply);
  const auto debug = std::string(curl_easy_strerror(code)) + ", last reply " + std::to_string(reply);
  if (guard.refused && code == CURLE_COULDNT_CONNECT)
    return fail(ErrorKind::invalid, "private_address", "The mail server's address is not public.", debug);
  if (is_permanent(reply))
    return fail(ErrorKind::invalid, "mail_refused", "The mail server refused the mail.", debug);
  return fail(ErrorKind::unavailable, "mail_unavailable", "The mail could not be sent.", debug);
}

}  // namespace durward::adapters
