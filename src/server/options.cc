#include "server/options.h"

#include <cerrno>
#include <charconv>
#include <cstring>
#include <fstream>
#include <sstream>
#include <stdexcept>

#include <yaml-cpp/yaml.h>

#include "adapters/redis/link.h"
#include "adapters/sandbox/egress_policy.h"
#include "base/encoding.h"
#include "http/address.h"
#include "http/client.h"
#include "login/bots/providers.h"
#include "notifications/http_services.h"
#include "server/roles.h"
#include "server/store_choice.h"

extern char** environ;

namespace durward::server {
namespace {

using enum OptionType;

// clang-format off
constexpr Option table[] = {
  {"config", path, "", "YAML file with settings; its keys are the option names with _ for -", flag_only},
  {"data", path, ".durward", "where the store, the master key and the local authority are kept"},
  {"store", text, "", "sqlite:PATH or postgres://USER@HOST:PORT[,HOST:PORT]/DATABASE; without it sqlite:<data>/durward.db"},
  {"store-password", text, "", "password at the database server", secret},
  {"store-read-connections", integer, "2", "connections to the database server that share reads", 0, 1, 64},
  {"store-write-connections", integer, "16", "connections to the database server for commits and lists", 0, 1, 256},
  {"store-replica", text, "", "postgres://... of a streaming replica that answers lists and searches which may be a little stale"},
  {"store-replica-lag", integer, "2000", "milliseconds the replica may be behind before the primary is asked instead", 0, 100, 600000},
  {"store-timeout", integer, "5000", "milliseconds the database server may take for one statement", 0, 100, 600000},
  {"ephemeral", boolean, "false", "keep everything in memory: nothing touches the disk", flag_only},
  {"listen", list, "127.0.0.1:8443", "HOST:PORT to serve on, repeatable; port 0 takes a free one"},
  {"base-domain", text, "localhost", "a tenant is reached at NAME.<base-domain>"},
  {"environment", text, "", "what this installation is called among yours (production, staging ...): feature flags can be set for it"},
  {"role", list, "authentication,management,hashing,extensions,worker", "what this process does", 0, 0, 0,
   "authentication management hashing extensions worker"},
  {"internal-listen", text, "", "HOST:PORT where this process serves other roles, over TLS; empty: nowhere"},
  {"internal-key", text, "", "one or two keys of 32 bytes in hex or base64, separated by a comma, that roles sign their calls"
   " with: the first signs, both are accepted; without it <data>/internal.key", secret},
  {"internal-ca", path, "", "PEM file with the authorities of the other roles' certificates; without it <data>/ca.pem or the system's"},
  {"operator-listen", text, "", "HOST:PORT where this process serves the operator's API, over TLS; empty: nowhere"},
  {"operator-key", text, "", "one to four keys that the operator's API accepts as bearer, each 32 or more letters, digits and -._~+/=,"
   " separated by a comma; without it <data>/operator.key", secret},
  {"hasher", list, "local", "where passwords are hashed: local, or https://HOST:PORT of hashing roles"},
  {"hasher-timeout", integer, "5000", "milliseconds a password may take to be hashed, here or at hashing roles, before the login is refused with 503",
   0, 50, 60000},
  {"extensions", list, "local", "where customers' code is run: local, or https://HOST:PORT of extensions roles"},
  {"extensions-connections", integer, "512", "connections to one extensions role: calls of scripts under way there", 0, 1, 10000},
  {"extensions-sandbox", text, "strict", "strict runs customers' code only in the full sandbox; accept-weaker also where this kernel gives none of"
   " its own /proc or, to root, no user namespace", 0, 0, 0, "strict accept-weaker"},
  {"engine", path, "", "folder of the JavaScript engine; without it share/durward/engine beside the program, or the checkout's"},
  {"extensions-warm", integer, "2", "processes for customers' code that wait started and sandboxed", 0, 0, 256},
  {"extensions-processes", integer, "16", "processes for customers' code at most", 0, 1, 4096},
  {"extensions-tenant-processes", integer, "4", "of them for one tenant", 0, 1, 256},
  {"extensions-memory", integer, "128", "MiB of the JavaScript heap of one process", 0, 32, 4096},
  {"extensions-nice", integer, "10", "how far customers' code stands back behind the rest, as nice(1) counts", 0, 0, 19},
  {"extensions-idle", integer, "300", "seconds without a call after which a tenant's process ends", 0, 1, 86400},
  {"extensions-npm-registry", text, "", "URL of the npm registry that declared modules come from; without it npm's own"},
  {"egress-allow", list, "", "addresses, CIDR blocks or HOST:PORT that customers' code, webhooks, and mail for their own mail servers, may connect to although they"
   " are not public; repeatable"},
  {"egress-connections", integer, "64", "connections of one tenant's code", 0, 1, 10000},
  {"redis", text, "", "redis://HOST:PORT[,...] or redis+sentinel://HOST:PORT[,...]/MASTER: counters and locks the fleet shares; without it"
   " each process has its own"},
  {"redis-password", text, "", "password of the Redis servers", secret},
  {"seed", list, "", "tenant to create at start, in the Deploy CLI's YAML format; repeatable", flag_only},
  {"ready-file", path, "", "written once requests are served: URLs, tenants and their management clients", flag_only},
  {"fixed-time", text, "", "stand still at this time (2026-01-31T09:30:00Z); with --ephemeral only", flag_only},
  {"seed-random", integer, "0", "repeatable random numbers from this seed; with --ephemeral only", flag_only, 0, INT64_MAX},
  {"tls-cert", path, "", "PEM file: the certificate, then its chain; without it a local authority is made"},
  {"tls-key", path, "", "PEM file: the private key of tls-cert"},
  {"plain-http", boolean, "false", "serve without TLS; only behind a proxy that ends it (see trusted-proxies)"},
  {"public-port", integer, "0", "port that clients reach the proxy in front at, for addresses of tenants made here; 0: that of listen",
   0, 0, 65535},
  {"trusted-proxies", list, "", "addresses or CIDR blocks of the proxies in front, which say who the client is"},
  {"proxy-headers", text, "x-forwarded", "what the trusted proxies write: X-Forwarded-For, -Proto and -Host, or Forwarded (RFC 7239);"
   " the other kind is not heard, for a proxy passes on what clients send", 0, 0, 0, "x-forwarded forwarded"},
  {"master-key", text, "", "32 bytes in hex or base64 that seal everything secret; without it <data>/master.key", secret},
  {"smtp-url", text, "", "smtp://HOST:PORT or smtps://HOST:PORT; without it mail waits in the store"},
  {"smtp-user", text, "", "user name at the mail server"},
  {"smtp-password", text, "", "password at the mail server", secret},
  {"smtp-ca", path, "", "PEM file with the authority of the mail server's certificate; without it the system's"},
  {"provider-url", list, "", "PROVIDER=https://... where mails and phone messages for that provider of a tenant's (sendgrid, twilio ...) are handed over, instead"
   " of at its own address; repeatable"},
  {"mail-from", text, "no-reply@localhost", "sender of the mails"},
  {"mail-catcher", boolean, "false", "keep mails in memory and show them at /dev/mail instead of sending; for development"},
  {"events", list, "", "event broker, nats://HOST:PORT or tls://HOST:PORT, several of one cluster; without it events are delivered in process"},
  {"events-user", text, "", "user at the event broker"},
  {"events-password", text, "", "password at the event broker", secret},
  {"events-ca", path, "", "authorities that a tls:// event broker is trusted by, PEM; without it the system's"},
  {"log-retention", integer, "2592000", "seconds that log records are kept", 0, 60, 10 * 365 * 86400},
  {"event-days", integer, "7", "days for which published events are kept and can be replayed", 0, 1, 365},
  {"bcrypt-cost", integer, "10", "cost of new password hashes", 0, 4, 16},
  {"argon2-memory", integer, "19456", "KiB of memory of a new hash in tenants whose passwords are argon2id", 0, 64, 262144},
  {"argon2-passes", integer, "2", "passes over that memory", 0, 1, 8},
  {"hash-threads", integer, "0", "threads that hash passwords; 0: one per core", 0, 0, 256},
  {"hash-queue", integer, "512", "passwords that may wait for hashing before logins are refused with 503", 0, 1, 100000},
  {"hash-nice", integer, "10", "how far threads that hash passwords stand back on a busy host behind the other work of this process, as nice(1) counts; on others wholly, 0: never",
   0, 0, 19},
  {"insecure-fast-hash-for-benchmarks", boolean, "false",
     "hash passwords so fast that anybody can guess them, to measure the rest of a login; with --ephemeral only", flag_only},
  {"captcha-verify", list, "", "PROVIDER=https://... where answers to that captcha provider are verified, instead of at its own address; repeatable"},
  {"breached-passwords", path, "", "file made by `durward breached build` that passwords are looked up in; without it a short built-in list"},
    {"configuration-values", integer, "30000", "clients, connections, key sets and the like that are kept in memory, of all tenants", 0, 1000,
   10000000},
  {"read-threads", integer, "2", "connections that read the embedded store", 0, 1, 64},
  {"io-threads", integer, "0", "threads that serve connections; 0: one per core", 0, 0, 256},
  {"connections-max", integer, "10000", "connections served at once", 0, 1, 1000000},
  {"body-max", integer, "1048576", "bytes of a request body", 0, 1024, 104857600},
  {"import-body-max", integer, "104857600", "bytes of a user import", 0, 1024, 1073741824},
  {"header-max", integer, "16384", "bytes of a request head", 0, 1024, 262144},
  {"url-max", integer, "8192", "bytes of a request target", 0, 256, 65536},
  {"idle-timeout", integer, "75", "seconds a connection may wait between requests", 0, 1, 3600},
  {"drain-timeout", integer, "20", "seconds a stop waits for requests under way", 0, 0, 3600},
  {"drain-wait", integer, "0",
   "seconds a stop goes on serving while /readyz already says no, so that load balancers look elsewhere first", 0, 0, 3600},
  {"metrics-from", list, "127.0.0.0/8,::1", "addresses or CIDR blocks that may read /metrics; 0.0.0.0/0,::/0 are all"},
  {"rate-profile", text, "paid", "limits of tenants whose entitlements name no profile (docs/adr/0021-rate-limits.md)", 0, 0, 0,
   "free paid unlimited"},
  {"login-rate", integer, "0", "requests per second and tenant to login pages, when given in place of the profile's; 0: no limit", 0, 0, 1000000},
  {"token-rate", integer, "0", "requests per second and tenant to token endpoints, when given in place of the profile's; 0: no limit", 0, 0, 1000000},
  {"management-rate", integer, "1000", "requests per second and tenant to the management API, when given in place of the profile's; 0: no limit",
   0, 0, 1000000},
  {"management-in-flight", integer, "64", "management requests handled at once, so that logins always find room; a tenant holds no more places than are free", 0, 1, 100000},
  {"stale-max", integer, "3600",
   "seconds that known configuration serves while the store is away and it cannot be compared", 0, 1, 604800},
  {"core-only", boolean, "false", "serve sign-in, tokens, userinfo, keys and sign-out and refuse the rest with 503; SIGUSR1 begins and"
   " SIGUSR2 ends the same while it runs"},
  {"access-log", boolean, "true", "one JSON line per request on stderr"},
  {"log-level", text, "info", "least important level that is logged", 0, 0, 0, "debug info warning error"},
  {"sample-listen", text, "127.0.0.1:8444", "where `durward dev` serves the sample application", flag_only},
  {"sample-dir", path, "", "files of the sample application; without it web/sample beside the program or the working directory", flag_only},
};
// clang-format on

std::string replaced(std::string_view name, char (*each)(char)) {
  std::string out(name);
  for (char& c : out) c = each(c);
  return out;
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> out;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (auto item = trim(text.substr(0, comma)); !item.empty()) out.emplace_back(item);
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return out;
}

bool is_one_of(std::string_view value, std::string_view values) {
  std::istringstream words{std::string(values)};
  for (std::string word; words >> word;)
    if (word == value) return true;
  return false;
}

std::optional<int64_t> parse_integer(std::string_view text) {
  int64_t n = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), n);
  if (error != std::errc() || end != text.data() + text.size() || text.empty()) return {};
  return n;
}

std::optional<std::string> parse_boolean(std::string_view text) {
  const std::string word = to_lower(text);
  if (is_one_of(word, "true yes on 1")) return "true";
  if (is_one_of(word, "false no off 0")) return "false";
  return {};
}

bool is_host_and_port(const std::string& text) {
  const size_t colon = text.rfind(':');
  const auto port = parse_integer(colon == text.npos ? "" : std::string_view(text).substr(colon + 1));
  return port && *port >= 0 && *port <= 65535;
}

bool empty_or_host_and_port(const std::string& text) { return text.empty() || is_host_and_port(text); }

bool is_network(const std::string& text) { return http::Networks::parse({text}).has_value(); }

bool is_egress(const std::string& text) { return adapters::sandbox::EgressPolicy::parse({text}).has_value(); }

bool is_verify_url(const std::string& text) {
  const size_t equals = text.find('=');
  return equals != text.npos && login::find_provider(text.substr(0, equals)) &&
         std::string_view(text).substr(equals + 1).starts_with("https://");
}

bool is_provider_url(const std::string& text) {
  const size_t equals = text.find('=');
  return equals != text.npos && notifications::is_http_service(std::string_view(text).substr(0, equals)) &&
         std::string_view(text).substr(equals + 1).starts_with("https://");
}

// Texts that must have a form.
struct Form {
  std::string_view option;
  bool (*fits)(const std::string& text);
  const char* sentence;
};
constexpr Form forms[] = {
    {"listen", is_host_and_port, "must be HOST:PORT"},
    {"operator-listen", empty_or_host_and_port, "must be HOST:PORT"},
    {"sample-listen", is_host_and_port, "must be HOST:PORT"},
    {"captcha-verify", is_verify_url, "must be PROVIDER=https://..., of a provider that tenants can choose"},
    {"provider-url", is_provider_url, "must be PROVIDER=https://..., of a provider that is asked over HTTPS"},
    {"egress-allow", is_egress, "must be addresses, CIDR blocks or HOST:PORT"},
    {"trusted-proxies", is_network, "must be addresses or CIDR blocks"},
    {"metrics-from", is_network, "must be addresses or CIDR blocks"}};

// What is wrong with one value, or nothing; a boolean is brought into its normal form.
std::optional<std::string> check_item(const Option& option, std::string& item) {
  if (option.type == boolean) {
    auto normal = parse_boolean(item);
    if (!normal) return "must be true or false";
    item = *normal;
  }
  if (option.type == integer) {
    const auto n = parse_integer(item);
    if (!n || *n < option.min || *n > option.max)
      return "must be a whole number from " + std::to_string(option.min) + " to " +
             std::to_string(option.max);
  }
  if (!option.values.empty() && !is_one_of(item, option.values))
    return "must be one of: " + std::string(option.values);
  for (const Form& form : forms)
    if (form.option == option.name && !form.fits(item)) return form.sentence;
  return {};
}

}  // namespace

std::string Option::key() const {
  return replaced(name, [](char c) { return c == '-' ? '_' : c; });
}
std::string Option::environment() const {
  return "DURWARD_" +
         replaced(name, [](char c) { return c == '-' ? '_' : char(c - (c >= 'a' && c <= 'z' ? 32 : 0)); });
}

std::span<const Option> options() { return table; }

const Option* find_option(std::string_view name) {
  for (const Option& option : table)
    if (option.name == name) return &option;
  return nullptr;
}

// Collects values and mistakes of all sources; a later source replaces an earlier one.
class SettingsReader {
 public:
  explicit SettingsReader(const SettingSources& sources) : sources_(sources) {}

  std::expected<Settings, std::vector<std::string>> read() {
    for (const Option& option : table) put(option, fallback_items(option), "default", "");
    read_config_file();
    read_environment();
    read_flags();
    check_together();
    if (!mistakes_.empty()) return std::unexpected(std::move(mistakes_));
    return std::move(settings_);
  }

 private:
  // A name as written in a source. `from_file` is set for NAME-file of a secret.
  struct Named {
    const Option* option = nullptr;
    bool from_file = false;
  };

  static std::vector<std::string> fallback_items(const Option& option) {
    return option.type == list ? split_list(option.fallback) : std::vector{std::string(option.fallback)};
  }

  template <class Spelling>
  static Named find(std::string_view written, std::string_view file_suffix, Spelling spelling) {
    for (const Option& option : table) {
      const std::string name = spelling(option);
      if (written == name) return {&option, false};
      if (option.is(secret) && written == name + std::string(file_suffix)) return {&option, true};
    }
    return {};
  }

  void mistake(std::string_view where, std::string_view what) {
    mistakes_.push_back(std::string(where) + " " + std::string(what));
  }

  // `where` names the value in sentences: "--listen", "DURWARD_LISTEN", "durward.yaml:3: listen".
  void put(const Option& option, std::vector<std::string> items, std::string_view source,
           std::string_view where) {
    if (source != "default" && option.is(secret) && !items.empty() && items[0].starts_with('@')) {
      items = {items[0].substr(1)};
      return put_from_file(option, items[0], source, where);
    }
    if (source != "default")
      for (auto& item : items)
        if (auto problem = check_item(option, item))
          return mistake(where, *problem + (option.is(secret) ? "" : ", not \"" + item + "\""));
    settings_.values_[std::string(option.name)] = {std::move(items), std::string(source)};
  }

  void put_from_file(const Option& option, const std::string& path, std::string_view source,
                     std::string_view where) {
    auto content = sources_.read_file(path);
    if (!content) return mistake(where, content.error().message);
    std::string value(trim(*content));
    if (value.starts_with('@')) return mistake(where, "names a file whose content begins with @");
    put(option, {std::move(value)}, source, where);
  }

  void put_named(Named named, std::vector<std::string> items, std::string_view source,
                 const std::string& where) {
    if (named.option->is(flag_only) && source != "flag")
      return mistake(where, "can only be given as the flag --" + std::string(named.option->name));
    if (named.from_file) return put_from_file(*named.option, items.empty() ? "" : items[0], source, where);
    put(*named.option, std::move(items), source, where);
  }

  std::string config_path() const {
    std::string path;
    for (const auto& [name, value] : sources_.flags)
      if (name == "config") path = value;
    if (path.empty() && sources_.environment) path = sources_.environment("DURWARD_CONFIG").value_or("");
    return path;
  }

  void read_config_file() {
    const std::string path = config_path();
    if (path.empty()) return;
    auto content = sources_.read_file(path);
    if (!content) return mistakes_.push_back(content.error().message);
    try {
      const YAML::Node root = YAML::Load(*content);
      if (root.IsNull()) return;
      if (!root.IsMap()) return mistake(path + ":1:", "must be a map of settings");
      std::map<std::string, int> seen;
      for (const auto& entry : root) read_entry(path, entry.first, entry.second, seen);
    } catch (const YAML::Exception& e) {
      mistake(path + ":" + std::to_string(e.mark.line + 1) + ":", e.msg);
    }
  }

  void read_entry(const std::string& path, const YAML::Node& key, const YAML::Node& value,
                  std::map<std::string, int>& seen) {
    const std::string name = key.Scalar();
    const std::string where = path + ":" + std::to_string(key.Mark().line + 1) + ": " + name;
    const Named named = find(name, "_file", [](const Option& o) { return o.key(); });
    if (!named.option) return mistake(where, "is not a setting");
    if (seen[name]++) return mistake(where, "is given twice");
    std::vector<std::string> items;
    if (value.IsScalar())
      items = named.option->type == list ? split_list(value.Scalar()) : std::vector{value.Scalar()};
    else if (value.IsSequence() && named.option->type == list)
      for (const auto& item : value) items.push_back(item.IsScalar() ? item.Scalar() : "");
    else if (!value.IsNull())
      return mistake(where, named.option->type == list ? "must be a list" : "must be one value");
    if (value.IsNull()) items = fallback_items(*named.option);
    put_named(named, std::move(items), "file", where);
  }

  void read_environment() {
    for (const auto& [name, value] : sources_.environment_all) {
      if (name == "DURWARD_CONFIG") continue;
      const Named named = find(name, "_FILE", [](const Option& o) { return o.environment(); });
      if (!named.option)
        settings_.ignored_.push_back(name);
      else
        put_named(named, named.option->type == list ? split_list(value) : std::vector{value}, "environment",
                  name);
    }
  }

  void read_flags() {
    std::map<std::string_view, std::vector<std::string>> lists;
    for (const auto& [name, value] : sources_.flags) {
      const Named named = find(name, "-file", [](const Option& o) { return std::string(o.name); });
      if (!named.option) {
        mistake("--" + name, "is not an option");
      } else if (named.option->type == list) {
        auto& items = lists[named.option->name];
        for (auto& item : split_list(value)) items.push_back(std::move(item));
        put_named(named, items, "flag", "--" + name);
      } else {
        put_named(named, {value}, "flag", "--" + name);
      }
    }
  }

  // What no row alone can say.
  void check_together() {
    if (!mistakes_.empty()) return;
    const Settings& s = settings_;
    if (s.text("tls-cert").empty() != s.text("tls-key").empty())
      mistake("tls-cert and tls-key", "belong together");
    if (s.boolean("plain-http") && !s.text("tls-cert").empty()) mistake("plain-http", "contradicts tls-cert");
    for (const char* name : {"fixed-time", "seed-random", "insecure-fast-hash-for-benchmarks"})
      if (s.is_given(name) && !s.boolean("ephemeral"))
        mistake(std::string("--") + name, "makes secrets predictable and needs --ephemeral");
    check_roles();
    check_events();
    if (s.boolean("ephemeral") && s.is_given("store"))
      mistake("--ephemeral", "keeps nothing on disk and contradicts store");
    if (const auto wrong = StoreChoice::mistake_in(s.text("store"))) mistake("store", *wrong);
    check_replica();
  }

  void check_replica() {
    const auto& replica = settings_.text("store-replica");
    if (replica.empty()) return;
    if (!settings_.text("store").starts_with("postgres"))
      return mistake("store-replica", "needs store postgres://...");
    if (!replica.starts_with("postgres"))
      return mistake("store-replica", "must be postgres://USER@HOST:PORT/DATABASE");
    if (const auto wrong = StoreChoice::mistake_in(replica)) mistake("store-replica", *wrong);
  }

  void check_events() {
    const Settings& s = settings_;
    for (const auto& server : s.list("events")) {
      if (!server.starts_with("nats://") && !server.starts_with("tls://"))
        mistake("events", "must begin with nats:// or tls://");
      else if (server.find('@') != server.npos)
        mistake("events", "must not hold a password; use events-user and events-password");
    }
    if (s.text("events-user").empty() != s.text("events-password").empty())
      mistake("events-user and events-password", "belong together");
  }

  // True when it names other servers.
  bool check_peer(const char* name) {
    const auto& servers = settings_.list(name);
    const bool remote = servers != std::vector<std::string>{"local"};
    if (servers.empty()) mistake(name, "must be local or https://HOST:PORT");
    for (const auto& url : servers)
      if (remote && (!url.starts_with("https://") || !http::Origin::parse(url)))
        mistake(name, "must be local or https://HOST:PORT, not \"" + url + "\"");
    return remote;
  }

  void check_roles() {
    const Settings& s = settings_;
    const bool hashes_elsewhere = check_peer("hasher"), runs_elsewhere = check_peer("extensions");
    if (const auto& url = s.text("redis"); !url.empty())
      if (const auto parsed = adapters::redis::RedisOptions::parse(url); !parsed)
        mistake("redis:", parsed.error().message);
    if (!s.text("operator-listen").empty() && !has_role(s.list("role"), "management"))
      mistake("operator-listen", "needs the role management");
    if (s.list("role").empty()) mistake("role", "must name at least one role");
    if (!needs_no_store(s)) return;
    if (s.text("internal-listen").empty())
      mistake("role", "hashing or extensions alone serve nobody without internal-listen");
    if (has_role(s.list("role"), "hashing") && hashes_elsewhere)
      mistake("hasher", "names other servers, but this process is one of them");
    if (has_role(s.list("role"), "extensions") && runs_elsewhere)
      mistake("extensions", "names other servers, but this process is one of them");
  }

  const SettingSources& sources_;
  Settings settings_;
  std::vector<std::string> mistakes_;
};

const Settings::Value& Settings::value(std::string_view name, std::initializer_list<OptionType> types) const {
  const Option* option = find_option(name);
  const auto found = values_.find(name);
  if (!option || found == values_.end() || std::find(types.begin(), types.end(), option->type) == types.end())
    throw std::logic_error("no such setting: " + std::string(name));
  return found->second;
}
const std::string& Settings::text(std::string_view name) const {
  return value(name, {OptionType::text, OptionType::path}).items.at(0);
}
int64_t Settings::integer(std::string_view name) const {
  return parse_integer(value(name, {OptionType::integer}).items.at(0)).value();
}
bool Settings::boolean(std::string_view name) const {
  return value(name, {OptionType::boolean}).items.at(0) == "true";
}
const std::vector<std::string>& Settings::list(std::string_view name) const {
  return value(name, {OptionType::list}).items;
}
std::string_view Settings::source(std::string_view name) const {
  const auto found = values_.find(name);
  if (found == values_.end()) throw std::logic_error("no such setting: " + std::string(name));
  return found->second.source;
}

json::Object Settings::shown() const {
  json::Object out;
  for (const Option& option : table) {
    const Value& v = values_.find(option.name)->second;
    json::Value shown;
    if (option.is(secret))
      shown = v.items.empty() || v.items[0].empty() ? "" : "(set)";
    else if (option.type == OptionType::list)
      shown = json::array_of(v.items);
    else if (option.type == OptionType::integer)
      shown = integer(option.name);
    else if (option.type == OptionType::boolean)
      shown = boolean(option.name);
    else
      shown = v.items.at(0);
    out[option.key()] = json::Object{{"value", std::move(shown)}, {"source", v.source}};
  }
  return out;
}

std::expected<Settings, std::vector<std::string>> read_settings(const SettingSources& sources) {
  return SettingsReader(sources).read();
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return fail(ErrorKind::not_found, "no_file", path + " cannot be read: " + std::strerror(errno));
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

SettingSources process_sources(std::vector<std::pair<std::string, std::string>> flags) {
  SettingSources out;
  for (char** entry = environ; *entry; ++entry) {
    const std::string_view pair = *entry;
    const size_t equals = pair.find('=');
    if (pair.starts_with("DURWARD_") && equals != pair.npos)
      out.environment_all.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  out.environment = [all = out.environment_all](std::string_view name) -> std::optional<std::string> {
    for (const auto& [key, value] : all)
      if (key == name) return value;
    return {};
  };
  out.flags = std::move(flags);
  out.read_file = read_file;
  return out;
}

}  // namespace durward::server
