#include "server/wiring.h"

#include <thread>

#include "adapters/breached/breached_file.h"
#include "adapters/mail/smtp_mailer.h"
#include "adapters/sandbox/egress_policy.h"
#include "login/rows.h"
#include "management/management.h"
#include "protocols/oauth2/authorize.h"
#include "protocols/rows.h"
#include "server/dev_mail.h"
#include "server/master_key.h"
#include "server/roles.h"
#include "server/store_choice.h"

namespace durward::server {
namespace {

// Without a mail server a mail stays a job that is tried again, so that one configured later still sends it.
class UnconfiguredMailer : public ports::Mailer {
 public:
  Async<> send(ports::Mail) override {
    co_return fail(ErrorKind::unavailable, "no_mail_server", "No mail server is configured (smtp-url).");
  }
};

size_t or_cores(int64_t threads) {
  return threads > 0 ? size_t(threads) : std::max<size_t>(std::thread::hardware_concurrency(), 1);
}

void append(std::vector<endpoint::Endpoint>& rows, std::vector<endpoint::Endpoint> more) {
  std::move(more.begin(), more.end(), std::back_inserter(rows));
}

adapters::SmtpOptions smtp_options(const Settings& settings) {
  adapters::SmtpOptions options;
  options.url = settings.text("smtp-url");
  options.username = settings.text("smtp-user");
  options.password = settings.text("smtp-password");
  options.default_from = settings.text("mail-from");
  options.ca_file = settings.text("smtp-ca");
  return options;
}

adapters::ConfigurationOptions configuration_options(const Settings& settings) {
  adapters::ConfigurationOptions options;
  options.entries_max = size_t(settings.integer("configuration-values"));
  options.stale_max = Seconds(settings.integer("stale-max"));
  return options;
}

Result<std::unique_ptr<ports::BreachedPasswords>> breached_passwords(const Settings& settings,
                                                                     const Clock& clock) {
  const std::string& path = settings.text("breached-passwords");
  if (path.empty()) return std::make_unique<adapters::CommonPasswords>();
  return adapters::BreachedFile::open(path, clock);
}

// As many servers as tenants may name, few connections to each.
Result<std::unique_ptr<adapters::HttpFetcher>> fetcher_for_tenants(const Settings& settings,
                                                                   metrics::Registry& metrics) {
  TRY(auto policy, adapters::sandbox::EgressPolicy::parse(settings.list("egress-allow")));
  http::ClientOptions options{.connections_max = 8, .origins_max = 4096};
  options.may_connect = [policy = std::move(policy)](const auto& address, auto host, uint16_t port) {
    return policy.allows(address, host, port);
  };
  return std::make_unique<adapters::HttpFetcher>(metrics, std::move(options));
}

login::BotOptions bot_options(Core& core, const Settings& settings) {
  login::BotOptions options{.fetcher = &core.fetcher()};
  for (const auto& item : settings.list("captcha-verify")) {
    const size_t equals = item.find('=');
    options.verify_urls[item.substr(0, equals)] = item.substr(equals + 1);
  }
  return options;
}

connections::database::Options database_options(const Settings& settings) {
  connections::database::Options options;
  options.mail_from = settings.text("mail-from");
  return options;
}

}  // namespace

Core::Core() = default;
Core::~Core() = default;

Result<std::unique_ptr<Core>> Core::open(const Settings& settings, KeyMaker& keys) {
  std::unique_ptr<Core> core(new Core);
  ENSURE(core->choose_sources(settings));
  ENSURE(core->open_store(settings));
  ENSURE(core->open_mailer(settings));
  Core& c = *core;
  c.keyed_ = std::make_unique<KeyedConfiguration>(*c.configuration_, keys);
  TRY(c.shared_, SharedState::open(settings, *c.random_, c.metrics_));
  c.jobs_ = std::make_unique<ExclusiveSweep>(c.store_->jobs(), c.shared_->locks(), c.random_->hex(16));
  TRY(c.peers_, Peers::open(settings, *c.hasher_, *c.clock_, *c.random_, c.metrics_));
  ports::Hasher& hasher = c.peers_->hasher() ? *c.peers_->hasher() : *c.hasher_;
  TRY(c.extensions_, Extensions::open(settings, *c.clock_, *c.random_, c.metrics_));
  c.cache_ = std::make_unique<adapters::MemoryCache>(*c.clock_);
  c.fetcher_ = std::make_unique<adapters::HttpFetcher>(c.metrics_);
  TRY(c.tenant_fetcher_, fetcher_for_tenants(settings, c.metrics_));
  TRY(c.breached_, breached_passwords(settings, *c.clock_));
  c.flags_ = std::make_unique<adapters::ConfiguredFlags>(*c.keyed_, settings.text("environment"));
  ports::ShortCache& cache = c.shared_->cache() ? *c.shared_->cache() : *c.cache_;
  c.services_ = std::make_unique<ports::Services>(ports::Services{*c.clock_,
                                                                  *c.random_,
                                                                  *c.sequence_,
                                                                  *c.keyed_,
                                                                  c.store_->tenants(),
                                                                  c.store_->documents(),
                                                                  c.store_->users(),
                                                                  c.store_->assignments(),
                                                                  c.store_->sessions(),
                                                                  c.store_->codes(),
                                                                  c.store_->refresh_tokens(),
                                                                  c.store_->grants(),
                                                                  c.store_->tickets(),
                                                                  c.store_->logs(),
                                                                  *c.committer_,
                                                                  *c.vault_,
                                                                  hasher,
                                                                  c.metrics_,
                                                                  c.shared_->limiter(),
                                                                  cache,
                                                                  *c.breached_,
                                                                  *c.flags_,
                                                                  c.store_->blocks(),
                                                                  c.extensions_->scripts(),
                                                                  c.extensions_->modules(),
                                                                  c.store_->executions(),
                                                                  c.store_->event_deliveries()});
  c.keyed_->store_through(*c.services_);
  return core;
}

std::vector<Probe> Core::probes() {
  std::vector<Probe> out{{Dependency::store, [this] { return store_->is_reachable(); }}};
  if (shared_->cache()) out.push_back({Dependency::redis, [this] { return shared_->is_connected(); }});
  if (peers_->hasher())
    out.push_back({Dependency::hashing, [this] { return peers_->is_hashing_reachable(); }});
  if (extensions_->is_remote())
    out.push_back({Dependency::extensions, [this] { return extensions_->is_reachable(); }});
  return out;
}

Result<> Core::choose_sources(const Settings& settings) {
  clock_ = std::make_unique<SystemClock>();
  if (const auto& at = settings.text("fixed-time"); !at.empty()) {
    const auto time = parse_iso8601(at);
    if (!time)
      return fail(ErrorKind::invalid, "bad_option", "--fixed-time must look like 2026-01-31T09:30:00Z.");
    clock_ = std::make_unique<FixedClock>(*time);
  }
  // Not of `random_`: a repeatable run does not depend on what its process is called.
  process_id_ = SystemRandom().hex(32);
  random_ = std::make_unique<SystemRandom>();
  if (settings.is_given("seed-random"))
    random_ = std::make_unique<SeededRandom>(uint64_t(settings.integer("seed-random")));
  return {};
}

Result<> Core::open_store(const Settings& settings) {
  TRY(std::string key, master_key(settings, *random_));
  const auto choice = StoreChoice::of(settings);
  TRY(store_, choice->open(*clock_, *random_, &metrics_));
  ENSURE(open_sequence(choice->is_shared()));
  events_ = std::make_unique<adapters::EventCommitter>(store_->committer(), *sequence_, *clock_);
  committer_ = std::make_unique<DeferredLogs>(*events_, metrics_);

  vault_ = std::make_unique<adapters::LocalVault>(adapters::VaultOptions{std::move(key)}, store_->tenants(),
                                                  *random_);
  configuration_ = std::make_unique<adapters::CachedConfiguration>(
      store_->tenants(), store_->documents(), *vault_, *clock_, configuration_options(settings), &metrics_);
  store_->on_configuration_change([this](domain::TenantId tenant) { configuration_->invalidate(tenant); });
  hasher_ = std::make_unique<adapters::LocalHasher>(
      adapters::HasherOptions{
          .cost = int(settings.integer("bcrypt-cost")),
          .threads = or_cores(settings.integer("hash-threads")),
          .queue_max = size_t(settings.integer("hash-queue")),
          .within_max = Milliseconds(settings.integer("hasher-timeout")),
          // Where hashing is all that is done there is nobody to stand back for.
          .nice = needs_no_store(settings) ? 0 : int(settings.integer("hash-nice")),
          .insecure_fast_hash_for_benchmarks = settings.boolean("insecure-fast-hash-for-benchmarks"),
          .argon2 = {uint32_t(settings.integer("argon2-memory")),
                     uint32_t(settings.integer("argon2-passes"))}},
      *random_, &metrics_);
  return {};
}

// Whoever has the store for itself needs no lease, and repeatable runs draw their node.
Result<> Core::open_sequence(bool is_shared) {
  if (!is_shared) {
    sequence_ = std::make_unique<Sequence>(*clock_, *random_);
    return {};
  }
  sequence_ = std::make_unique<Sequence>(*clock_);
  TRY(node_, NodeLease::take(store_->nodes(), *sequence_, *clock_, *random_, metrics_));
  return {};
}

Result<> Core::open_mailer(const Settings& settings) {
  const bool smtp = !settings.text("smtp-url").empty();
  if (settings.boolean("mail-catcher") || (settings.boolean("ephemeral") && !smtp)) {
    auto catcher = std::make_unique<adapters::MailCatcher>(*clock_);
    catcher_ = catcher.get();
    mailer_ = std::move(catcher);
  } else if (smtp) {
    mailer_ = std::make_unique<adapters::SmtpMailer>(smtp_options(settings), *clock_, *random_);
  } else {
    mailer_ = std::make_unique<UnconfiguredMailer>();
  }
  return {};
}

Faces::Faces(Core& core, const Settings& settings)
    : core_(core), database_(core.services(), database_options(settings)), issuer_(core.services()) {
  login::Protocols protocols;
  protocols["oauth2"] = protocols::oauth2::authorization_protocol(core.services(), issuer_);
  machine_ = std::make_shared<login::Machine>(core.services(), database_, std::move(protocols),
                                              bot_options(core, settings));
  management_ = management::rows(core.services(), database_options(settings));
}

std::vector<endpoint::Endpoint> Faces::rows(const std::vector<std::string>& roles) {
  std::vector<endpoint::Endpoint> out;
  if (has_role(roles, "authentication")) {
    append(out, protocols::rows({core_.services(), issuer_, database_, machine_->bots()}));
    append(out, protocols::oauth2::authorize_rows(core_.services(), machine_));
    append(out, login::login_rows(machine_));
  }
  // Where mails are sent is where they are caught.
  if (has_role(roles, "worker") && core_.catcher()) append(out, dev_mail_rows(*core_.catcher()));
  if (has_role(roles, "management")) append(out, management_);
  return out;
}

}  // namespace durward::server
