#include "server/peers.h"

#include <unistd.h>

#include "adapters/hashing/hashing_wire.h"
#include "base/encoding.h"
#include "base/executor.h"
#include "server/files.h"

namespace durward::server {
namespace {

constexpr Milliseconds check_deadline{3'000};

}  // namespace

Result<std::string> internal_authorities(const Settings& settings) {
  if (const auto& path = settings.text("internal-ca"); !path.empty()) return read_file(path);
  const std::string local = settings.text("data") + "/ca.pem";
  if (settings.boolean("ephemeral") || ::access(local.c_str(), R_OK) != 0) return "";
  return read_file(local);
}

Result<http::SharedKeys> internal_keys(const Settings& settings, Random& random) {
  if (const auto& given = settings.text("internal-key"); !given.empty())
    return http::SharedKeys::parse(given);
  if (settings.boolean("ephemeral"))
    return fail(ErrorKind::invalid, "bad_option",
                "An ephemeral process that meets other roles needs --internal-key.");
  TRY(const std::string content,
      key_file_once(settings.text("data") + "/internal.key",
                    to_hex(random.bytes(http::shared_key_size)) + "\n", "bad_internal_key"));
  return http::SharedKeys::parse(content);
}

Result<std::unique_ptr<Peers>> Peers::open(const Settings& settings, const ports::Hasher& policy,
                                           const Clock& clock, Random& random, metrics::Registry& metrics) {
  std::unique_ptr<Peers> peers(new Peers);
  const bool remote = settings.list("hasher") != std::vector<std::string>{"local"};
  if (remote) ENSURE(peers->open_hashing(settings, policy, clock, random, metrics));
  return peers;
}

Result<> Peers::open_hashing(const Settings& settings, const ports::Hasher& policy, const Clock& clock,
                             Random& random, metrics::Registry& metrics) {
  for (const auto& url : settings.list("hasher")) {
    TRY(auto origin, http::Origin::parse(url));
    hashing_origins_.push_back(std::move(origin));
  }
  http::ClientOptions client;
  TRY(client.tls.authorities_pem, internal_authorities(settings));
  TRY(client_, http::Client::create(std::move(client), metrics));
  TRY(auto keys, internal_keys(settings, random));
  const Milliseconds deadline(settings.integer("hasher-timeout"));
  http::UpstreamOptions options;
  options.name = "hashing";
  options.origins = hashing_origins_;
  options.hedge_max = deadline / 4;
  options.deadline_field = adapters::deadline_header;
  options.backlog_field = adapters::backlog_header;
  options.prepare = [keys = std::move(keys), &clock, &random](http::ClientRequest& request) {
    keys.sign(request, clock.now(), random);
  };
  hashing_ = std::make_unique<http::Upstream>(*client_, random, metrics, std::move(options));
  hasher_ = std::make_unique<adapters::RemoteHasher>(*hashing_, policy, deadline);
  return {};
}

Result<std::string> Peers::check_hashing() {
  for (const auto& origin : hashing_origins_) {
    http::ClientRequest request;
    request.origin = origin;
    request.target = "/readyz";
    auto answer = run_sync(client_->send(std::move(request), check_deadline));
    if (!answer)
      return fail(ErrorKind::unavailable, "hashing_unreachable", origin.text() + ": " + answer.error().debug);
    if (answer->status != 200)
      return fail(ErrorKind::unavailable, "hashing_unready",
                  origin.text() + " answers " + std::to_string(answer->status));
  }
  // The ready answer needs no key; a hash proves that both sides have the same.
  if (auto hash = run_sync(hasher_->hash({}, "doctor")); !hash)
    return fail(hash.error().kind, hash.error().code,
                "the hashing role does not hash: " + hash.error().debug);
  return std::to_string(hashing_origins_.size()) + " servers answer";
}

}  // namespace durward::server
