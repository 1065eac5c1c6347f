#include "extensions/commands.h"

#include <algorithm>

#include "standards/oauth/redirect_uri.h"

namespace durward::extensions {
namespace {

constexpr std::string_view login = "post-login", exchange = "custom-token-exchange",
                           validated = "post-login pre-user-registration",
                           metadata = "post-login pre-user-registration custom-token-exchange",
                           interactive = "post-login password-reset-post-challenge",
                           providers = "custom-email-provider custom-phone-provider",
                           cached =
                               "post-login credentials-exchange pre-user-registration post-user-registration "
                               "post-change-password send-phone-message password-reset-post-challenge "
                               "custom-email-provider custom-phone-provider custom-token-exchange";

constexpr CommandRow rows[] = {
    {"access.deny", interactive, "t", true},
    {"access.deny", "credentials-exchange pre-user-registration custom-token-exchange", "tt", true},
    {"access.rejectInvalidSubjectToken", exchange, "t", true},
    {"validation.error", validated, "tt", true},
    {"accessToken.setCustomClaim", "post-login credentials-exchange", "tV"},
    {"accessToken.addScope", login, "t"},
    {"accessToken.removeScope", login, "t"},
    {"idToken.setCustomClaim", login, "tV"},
    {"transaction.addTargetScope", "credentials-exchange", "t"},
    {"transaction.removeTargetScope", "credentials-exchange", "t"},
    {"transaction.setTargetScopes", "credentials-exchange", "l"},
    {"transaction.clearTargetScopes", "credentials-exchange", ""},
    {"transaction.setMetadata", login, "tV"},
    {"transaction.setResultUrl", "password-reset-post-challenge", "u"},
    {"user.setUserMetadata", metadata, "tV"},
    {"user.setAppMetadata", metadata, "tV"},
    {"authentication.challengeWith", interactive, "oO", true},
    {"authentication.challengeWithAny", interactive, "a", true},
    {"authentication.enrollWith", login, "oO", true},
    {"authentication.enrollWithAny", login, "a", true},
    {"authentication.recordMethod", login, "u"},
    {"authentication.setPrimaryUser", login, "t"},
    {"authentication.setUserById", exchange, "t"},
    {"authentication.setUserByConnection", exchange, "toO"},
    {"authentication.setActor", exchange, "o"},
    {"authentication.setOrganization", exchange, "t"},
    {"multifactor.enable", login, "tO"},
    {"redirect.sendUserTo", interactive, "u", true},
    {"prompt.render", interactive, "tO", true},
    {"refreshToken.revoke", login, "t", true},
    {"refreshToken.setExpiresAt", login, "n"},
    {"refreshToken.setIdleExpiresAt", login, "n"},
    {"refreshToken.setMetadata", login, "tt"},
    {"refreshToken.deleteMetadata", login, "t"},
    {"refreshToken.evictMetadata", login, ""},
    {"session.revoke", login, "tO", true},
    {"session.setExpiresAt", login, "n"},
    {"session.setIdleExpiresAt", login, "n"},
    {"session.setCookieMode", login, "t"},
    {"session.setMetadata", login, "tt"},
    {"session.deleteMetadata", login, "t"},
    {"session.evictMetadata", login, ""},
    {"notification.drop", providers, "t", true},
    {"notification.retry", providers, "t", true},
    {"cache.set", cached, "ttn"},
    {"cache.delete", cached, "t"},
};

bool has_word(std::string_view words, std::string_view word) {
  for (size_t at = words.find(word); at != words.npos; at = words.find(word, at + 1))
    if ((at == 0 || words[at - 1] == ' ') &&
        (at + word.size() == words.size() || words[at + word.size()] == ' '))
      return true;
  return false;
}

bool is_texts(const json::Value& value) {
  const auto* list = value.if_array();
  return list && std::ranges::all_of(*list, [](const auto& item) { return item.is_string(); });
}

// What becomes a Location is read here as the browser will read it (RFC 9700 §4.1.1).
bool is_web_url(const json::Value& value) {
  if (!value.is_string()) return false;
  const auto url = oauth::parse_url(json::view(value.get_string()));
  return url && url->is_web();
}

// Every integer of a command is a time. Those that RFC 3339 §5.6 cannot write (four digits of a year) are
// none.
bool is_moment(const json::Value& value) {
  constexpr int64_t last = 253'402'300'799'999;
  const auto* at = value.if_int64();
  return at && *at >= 0 && *at <= last;
}

bool fits(char kind, const json::Value& value) {
  switch (kind) {
    case 't':
      return value.is_string();
    case 'u':
      return is_web_url(value);
    case 'n':
      return is_moment(value);
    case 'o':
      return value.is_object();
    case 'a':
      return value.is_array();
    case 'l':
      return is_texts(value);
    default:
      return true;
  }
}

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
char lower(char c) { return is_upper(c) ? char(c + 32) : c; }

std::unexpected<Error> refuse(std::string why) {
  return fail(ErrorKind::invalid, "invalid_command", std::move(why));
}

bool is_refusal(std::string_view name) {
  return name == "access.deny" || name == "validation.error" || name.ends_with(".revoke");
}

constexpr std::string_view restricted_claims =
    "acr act active amr at_hash ath attest aud auth_time authorization_details azp c_hash client_id cnf cty "
    "dest entitlements events exp groups gty htm htu iat internalService iss jcard jku jti jwe jwk kid "
    "may_act mky nbf nonce object_id org_id org_name orig origid permissions roles rph s_hash sid "
    "sip_callid sip_cseq_num sip_date sip_from_tag sip_via_branch sub sub_jwk toe txn typ uuid vot vtm "
    "x5t#S256 scope";
constexpr std::string_view kept_hosts[] = {"auth0.com", "webtask.io", "webtask.run"};

std::string_view host_of(std::string_view url) {
  for (const std::string_view scheme : {"https://", "http://"})
    if (url.starts_with(scheme)) {
      url.remove_prefix(scheme.size());
      return url.substr(0, url.find_first_of("/:?#"));
    }
  return {};
}

}  // namespace

std::string Command::text(size_t i) const { return std::string(json::view(args.at(i).get_string())); }
int64_t Command::integer(size_t i) const { return args.at(i).to_number<int64_t>(); }
const json::Object* Command::object(size_t i) const { return args.at(i).if_object(); }

std::span<const CommandRow> command_rows() { return rows; }

const CommandRow* find_command(std::string_view trigger, std::string_view name) {
  const auto found = std::ranges::find_if(
      rows, [&](const auto& row) { return row.name == name && has_word(row.triggers, trigger); });
  return found == std::end(rows) ? nullptr : found;
}

const Command* ending_of(std::string_view trigger, const std::vector<Command>& commands) {
  const Command* last = nullptr;
  for (const auto& command : commands) {
    if (!find_command(trigger, command.name)->ends) continue;
    last = &command;
    if (is_refusal(command.name)) break;
  }
  return last;
}

Result<Command> judge(std::string_view trigger, const json::Value& said) {
  const auto* object = said.if_object();
  const auto* name = object ? object->if_contains("name") : nullptr;
  const auto* args = object ? object->if_contains("args") : nullptr;
  if (!name || !name->is_string() || !args || !args->is_array()) return refuse("This is not a command.");
  Command command{.name = std::string(json::view(name->get_string())), .args = args->get_array()};
  const auto* row = find_command(trigger, command.name);
  if (!row) return refuse("The trigger " + std::string(trigger) + " has no such command.");
  if (command.args.size() > row->args.size()) return refuse(command.name + " has too many arguments.");
  while (command.args.size() < row->args.size()) command.args.push_back(nullptr);
  for (size_t i = 0; i < row->args.size(); ++i) {
    const bool absent = command.args[i].is_null() && is_upper(row->args[i]);
    if (!absent && !fits(lower(row->args[i]), command.args[i]))
      return refuse(command.name + " has a wrong argument.");
  }
  return command;
}

Result<std::vector<Command>> judge_all(std::string_view trigger, const json::Array& said) {
  if (said.size() > commands_max) return refuse("A script may issue 200 commands.");
  std::vector<Command> out;
  for (const auto& one : said) {
    if (json::serialize(one).size() > command_size_max) return refuse("A command is too large.");
    TRY(auto command, judge(trigger, one));
    out.push_back(std::move(command));
  }
  return out;
}

ClaimName judge_claim(std::string_view name) {
  if (name.find(' ') == name.npos && has_word(restricted_claims, name)) return ClaimName::restricted;
  if (name.starts_with("urn:auth0")) return ClaimName::dropped;
  const std::string_view host = host_of(name);
  for (const auto kept : kept_hosts)
    if (host == kept ||
        (host.size() > kept.size() && host.ends_with(kept) && host[host.size() - kept.size() - 1] == '.'))
      return ClaimName::dropped;
  return ClaimName::free;
}

}  // namespace durward::extensions
