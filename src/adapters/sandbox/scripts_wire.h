#pragma once
#include <string>
#include <string_view>

#include "ports/scripts.h"

// What the extensions role and its callers say to each other, in JSON:
//   POST /internal/v1/scripts   {"contract","trigger","handler","scripts":[{"id","name","digest","code",
//                               "modules","secrets"}],"input"}
//        A script that the role has seen goes by its digest, without code and modules.
//        answer: {"results":[{"id","name","started_at","ended_at","commands","error","console"}],"output"}
//                {"refused":{"kind","code","message","retry_after"}}
//                {"missing":true}: nothing was run, the role does not have the code of a digest
//   POST /internal/v1/modules   {"modules":[{"name","version"}]}   answer: {"bundle"}, or {"refused"}
// Headers: whose code it is (the number of the tenant), and for how many milliseconds from now the answer is
// worth something. Refusals are answers of status 200, so that nothing on the way takes one for a reason to
// ask again: a script that was killed may have done something already.
namespace durward::adapters::sandbox {

inline constexpr std::string_view scripts_path = "/internal/v1/scripts",
                                  modules_path = "/internal/v1/modules";
inline constexpr std::string_view tenant_field = "Durward-Tenant", deadline_field = "Durward-Deadline-Ms";
// A caller waits so much longer than the call may take, which the role takes off what it is told.
inline constexpr Milliseconds way_spare{2'000};
inline constexpr size_t wire_body_max = 32 << 20;

// Errors of what reads: invalid/"bad_frame".
std::string to_wire(const ports::ScriptCall& call, bool with_code = true);
// A script without code is one that goes by its digest.
Result<ports::ScriptCall> call_of(std::string_view text);
std::string missing_to_wire();
bool is_missing(std::string_view text);
std::string to_wire(const Result<ports::ScriptOutcome>& outcome);
Result<ports::ScriptOutcome> outcome_of(std::string_view text);
std::string to_wire(const std::vector<ports::ModuleName>& modules);
Result<std::vector<ports::ModuleName>> modules_of(std::string_view text);
std::string bundle_to_wire(const Result<std::string>& bundle);
Result<std::string> bundle_of(std::string_view text);

}  // namespace durward::adapters::sandbox
