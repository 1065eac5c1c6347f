#include "server/certificates.h"

#include "http/address.h"
#include "server/files.h"

namespace durward::server {
namespace {

Result<Certificates> from_files(const Settings& settings) {
  TRY(std::string certificate, read_file(settings.text("tls-cert")));
  TRY(std::string key, read_file(settings.text("tls-key")));
  TRY(auto tls, http::TlsContexts::create({std::move(certificate), std::move(key)}));
  return Certificates{std::move(tls), "", settings.text("tls-cert")};
}

Result<crypto::CertificateAuthority> new_authority(const Clock& clock, Random& random) {
  return crypto::CertificateAuthority::create("Durward local authority " + random.hex(8), clock.now(),
                                              random);
}

// The key is written first and only once, so a certificate on the disk always has its key.
Result<crypto::CertificateAuthority> kept_authority(const std::string& directory, const Clock& clock,
                                                    Random& random) {
  ENSURE(make_directory(directory));
  const std::string path = directory + "/ca.key", certificate_path = directory + "/ca.pem";
  auto both = read_file(path);
  if (!both) {
    TRY(auto fresh, new_authority(clock, random));
    both = write_file_once(path, fresh.key_pem() + fresh.certificate().pem, 0600);
  }
  if (!both) return std::unexpected(both.error());
  const size_t split = both->find("-----BEGIN CERTIFICATE-----");
  if (split == std::string::npos)
    return fail(ErrorKind::invalid, "bad_certificate", path + " holds no authority");
  const std::string certificate = both->substr(split);
  ENSURE(write_file(certificate_path, certificate, 0644));
  return crypto::CertificateAuthority::load(certificate, both->substr(0, split));
}

Result<http::TlsIdentity> issue(const crypto::CertificateAuthority& authority,
                                const std::vector<std::string>& names, const Clock& clock, Random& random) {
  TRY(auto leaf, authority.issue_server(names, clock.now(), random));
  return http::TlsIdentity{std::move(leaf.chain_pem), std::move(leaf.key_pem)};
}

std::vector<std::string> default_names(const Settings& settings, const std::vector<std::string>& addresses) {
  std::vector<std::string> names{"localhost", "127.0.0.1", "::1"};
  if (const auto& base = settings.text("base-domain"); base != "localhost") {
    names.push_back(base);
    names.push_back("*." + base);
  }
  for (const auto& address : addresses)
    if (http::parse_ip(address) && std::find(names.begin(), names.end(), address) == names.end())
      names.push_back(address);
  return names;
}

}  // namespace

bool is_local_name(std::string_view host, std::string_view base_domain) {
  for (const std::string_view root : {std::string_view("localhost"), base_domain})
    if (host == root ||
        (host.size() > root.size() + 1 && host.ends_with(root) && host[host.size() - root.size() - 1] == '.'))
      return true;
  return false;
}

Result<Certificates> open_certificates(const Settings& settings, const std::vector<std::string>& addresses,
                                       const Clock& clock, Random& random) {
  if (!settings.text("tls-cert").empty()) return from_files(settings);
  const bool ephemeral = settings.boolean("ephemeral");
  auto authority =
      ephemeral ? new_authority(clock, random) : kept_authority(settings.text("data"), clock, random);
  if (!authority) return std::unexpected(authority.error());
  TRY(const auto fallback, issue(*authority, default_names(settings, addresses), clock, random));
  TRY(auto tls, http::TlsContexts::create(fallback));
  // A wildcard right below a top-level name ("*.localhost") is refused by clients, so each name gets its own.
  tls->set_source([authority = *authority, base = settings.text("base-domain"), &clock,
                   &random](std::string_view host) -> std::optional<http::TlsIdentity> {
    if (!is_local_name(host, base)) return {};
    auto identity = issue(authority, {std::string(host)}, clock, random);
    if (!identity) return {};
    return *std::move(identity);
  });
  return Certificates{std::move(tls), authority->certificate().pem,
                      ephemeral ? "" : settings.text("data") + "/ca.pem"};
}

}  // namespace durward::server
