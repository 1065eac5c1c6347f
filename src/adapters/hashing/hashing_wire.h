#pragma once
#include <string_view>

// What the hashing role and its callers say to each other. Bodies are text, not JSON, so that no parser keeps
// copies of a password that nobody can wipe.
//   POST /internal/v1/hash     body: the password                     answer: the hash
//   POST /internal/v1/verify   body: the hash, a new line, the password   answer: "true" or "false"
// Headers: whose password it is (the number of the tenant, for fairness), how a new hash is made, and for how
// many milliseconds from now the answer is worth something (clocks need not agree). Every answer tells how
// many milliseconds what comes next would wait. Errors are {"error","error_description"}; 503 with
// Retry-After for what is not hashed because it would be late or has no place in the queue.
namespace durward::adapters {

inline constexpr std::string_view hash_path = "/internal/v1/hash", verify_path = "/internal/v1/verify";
inline constexpr std::string_view tenant_header = "Durward-Tenant", scheme_header = "Durward-Scheme",
                                  deadline_header = "Durward-Deadline-Ms",
                                  backlog_header = "Durward-Backlog-Ms";

}  // namespace durward::adapters
