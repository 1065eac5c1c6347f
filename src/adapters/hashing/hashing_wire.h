#pragma once
#include <string_view>

// What the hashing role and its callers say to each other. Bodies are text, not JSON, so that no parser keeps
// copies of a password that nobody can wipe.
//   POST /internal/v1/hash     body: the password                     answer: the hash
//   POST /internal/v1/verify   body: the hash, a new line, the password   answer: "true" or "false"
// Headers: whose password it is (the number of the tenant, for fairness) and how a new hash is made.
// Errors are {"error","error_description"}; 503 with Retry-After when the queue is full.
namespace durward::adapters {

inline constexpr std::string_view hash_path = "/internal/v1/hash", verify_path = "/internal/v1/verify";
inline constexpr std::string_view tenant_header = "Durward-Tenant", scheme_header = "Durward-Scheme";

}  // namespace durward::adapters
