#pragma once
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/random.h"
#include "base/result.h"
#include "crypto/x509.h"
#include "http/tls.h"
#include "server/options.h"

// The certificates that the server shows: the operator's files, or those of a local authority.
namespace durward::server {

struct Certificates {
  std::shared_ptr<http::TlsContexts> tls;
  std::string authority_pem;   // what clients must trust; empty with certificates of a public authority
  std::string authority_file;  // where that is; empty when nothing is on the disk
};

// tls-cert and tls-key when given; otherwise a local authority, kept under the data directory (ca.pem,
// ca.key) or, for an ephemeral run, in memory. `addresses` are further IP addresses the default certificate
// is valid for.
Result<Certificates> open_certificates(const Settings& settings, const std::vector<std::string>& addresses,
                                       const Clock& clock, Random& random);

// Whether the local authority vouches for `host`: localhost, the base domain, and one or more labels below
// either.
bool is_local_name(std::string_view host, std::string_view base_domain);

}  // namespace durward::server
