#include "login/reset_pass.h"

namespace durward::login {
namespace {

std::string purpose_of(PassKind kind, domain::TenantId tenant) {
  return (kind == PassKind::away ? "password reset away " : "password reset allowed ") +
         std::to_string(tenant.value);
}

Seconds lifetime_of(PassKind kind) { return kind == PassKind::away ? away_lifetime : allowed_lifetime; }

}  // namespace

std::string seal(ports::Vault& vault, domain::TenantId tenant, PassKind kind, const ResetPass& pass) {
  const json::Object out{{"ticket", pass.ticket},
                         {"browser", pass.binding},
                         {"bindings", pass.bindings},
                         {"progress", pass.progress.to_json()},
                         {"made_at", to_unix_ms(pass.made_at)}};
  return vault.seal_local(purpose_of(kind, tenant), json::serialize(out));
}

OpenedPass open_pass(ports::Vault& vault, domain::TenantId tenant, PassKind kind, std::string_view text,
                     const http::Headers& headers, TimePoint now) {
  const auto opened = vault.open_local(purpose_of(kind, tenant), text);
  if (!opened) return {{}, StateProblem::unknown};
  const auto object = json::parse_object(*opened);
  const auto* progress = object ? json::object(*object, "progress") : nullptr;
  if (!progress) return {{}, StateProblem::unknown};
  OpenedPass out{{.ticket = json::string_or(*object, "ticket"),
                  .binding = json::string_or(*object, "browser"),
                  .bindings = json::string_or(*object, "bindings"),
                  .progress = extensions::ChallengeProgress::from_json(*progress),
                  .made_at = from_unix_ms(json::integer_or(*object, "made_at", 0))},
                 std::nullopt};
  if (now >= out.pass.made_at + lifetime_of(kind))
    out.problem = StateProblem::expired;
  else if (!holds_binding(headers, out.pass.binding))
    out.problem = StateProblem::foreign;
  return out;
}

}  // namespace durward::login
