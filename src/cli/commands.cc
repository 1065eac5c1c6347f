#include "cli/handlers.h"

namespace durward::cli {
namespace {

const Argument tenant{"TENANT", "name of the tenant"};
const Flag tenant_flag{"tenant", "NAME", "the tenant; may be left out when there is only one"};
const Flag type_flag{"type", "PATTERN",
                     "only these: words with dots, * for one word, > at the end for the rest"};
const Flag host_flag{"host", "HOST[:PORT]",
                     "authority the tenant is reached at; without it NAME.<base-domain>"};
const Flag only_tenant{"tenant", "NAME", "only for this tenant; without it for the installation"};
const Flag only_environment{"for-environment", "NAME", "only where --environment is this"};

}  // namespace

const std::vector<Command>& commands() {
  // clang-format off
  static const std::vector<Command> rows = {
    {"dev", "Run everything in one process with a demo tenant, a mail catcher and a sample application", {}, {},
     Uses::all, run_dev, {{"mail-catcher", "true"}, {"access-log", "false"}, {"log-level", "warning"}}},
    {"serve", "Run the server", {}, {}, Uses::all, run_serve},
    {"tenant create", "Create a tenant and print its management client", {{"NAME", "lower-case letters, digits, hyphens"}},
     {{"friendly-name", "TEXT", "what people read"}, host_flag}, Uses::store, run_tenant_create},
    {"tenant list", "List all tenants", {}, {}, Uses::store, run_tenant_list},
    {"tenant show", "Show one tenant with its management client", {tenant}, {host_flag}, Uses::store, run_tenant_show},
    {"tenant entitlements", "Show or change what the installation grants a tenant: limits and password scheme", {tenant},
     {{"patch", "JSON", "members to change, as PATCH /operator/v1/tenants/NAME/entitlements takes them"}}, Uses::store, run_tenant_entitlements},
    {"tenant remove", "Remove a tenant with everything it owns", {tenant}, {{"yes", "", "really"}}, Uses::store, run_tenant_remove},
    {"tenant import", "Create or change a tenant from a file in the Deploy CLI's YAML format", {{"FILE", "the file"}},
     {tenant_flag, host_flag}, Uses::store, run_tenant_import},
    {"tenant export", "Print a tenant in the Deploy CLI's YAML format, without users and secrets", {tenant}, {host_flag},
     Uses::store, run_tenant_export},
    {"user import", "Import users from a file with one JSON user a line, or one JSON array", {{"FILE", "the file; - is standard input"}},
     {tenant_flag, {"connection", "NAME", "database connection [Username-Password-Authentication]"},
      {"upsert", "", "change users that exist"}}, Uses::store, run_user_import},
    {"user export", "Print all users, one JSON object a line", {},
     {tenant_flag, {"connection", "NAME", "only users of this connection"}, {"fields", "A,B", "only these members"},
      {"with-password-hashes", "", "so that the file can be imported elsewhere without loss; keep it as safe as the store"}},
     Uses::store, run_user_export},
    {"keys list", "List the signing keys of a tenant", {}, {tenant_flag}, Uses::store, run_keys_list},
    {"keys rotate", "Let the next signing key sign from now on", {}, {tenant_flag, host_flag}, Uses::store, run_keys_rotate},
    {"keys revoke", "Revoke a previous signing key", {{"KID", "the key"}}, {tenant_flag}, Uses::store, run_keys_revoke},
    {"token", "Print a token of the tenant's management client for the management API", {},
     {tenant_flag, {"issuer", "URL", "the URL the server is reached at; without it https://NAME.<base-domain>/"}}, Uses::store, run_token},
    {"events tail", "Print the newest events of the outbox", {},
     {tenant_flag, type_flag, {"limit", "N", "how many [20]"}, {"follow", "", "and every new one until interrupted"}},
     Uses::store, run_events_tail},
    {"events replay", "Print the events of the outbox from an offset on, oldest first", {},
     {{"from", "OFFSET", "the first one [the oldest]"}, tenant_flag, type_flag, {"limit", "N", "how many at most [all]"}},
     Uses::store, run_events_replay},
    {"events refill", "Have the worker publish the events from an offset on again; consumers notice duplicates", {},
     {{"from", "OFFSET", "the first one [the oldest]"}}, Uses::store, run_events_refill},
    {"events dead", "List events that a queue could not handle, newest first", {},
     {{"queue", "NAME", "only of this queue"}, {"limit", "N", "how many at most [100]"}}, Uses::store, run_events_dead},
    {"breached build", "Make the file that breached passwords are looked up in, from a public list of SHA-1 hashes", {},
     {{"from", "FILE", "SHA1HEX:COUNT lines in any order; a folder of range files; - is standard input"}, {"out", "FILE", "the file to make"},
      {"min-count", "N", "leave out what was seen less often [1]"}, {"plain", "", "the list holds passwords, one a line, instead of hashes"}},
     Uses::none, run_breached_build},
    {"breached check", "Say whether the password on standard input is on the list in use; exit 9 when it is", {}, {}, Uses::all, run_breached_check},
    {"breached info", "Check the file of breached passwords and say what it holds", {}, {}, Uses::all, run_breached_info},
    {"actions list", "List the actions of a tenant", {}, {tenant_flag}, Uses::store, run_actions_list},
    {"actions deploy", "Make the draft of an action what runs", {{"NAME", "the action"}}, {tenant_flag}, Uses::all, run_actions_deploy},
    {"actions test", "Run an action in the sandbox of this machine, without a server, and print what it would do; exit 9 when it fails",
     {{"FILE", "JavaScript or TypeScript"}},
     {{"event", "FILE", "JSON: the event it is called with"}, {"trigger", "ID", "what it is written for [post-login]"},
      {"handler", "NAME", "the export to call [that of the trigger]"}, {"secrets", "FILE", "JSON object: event.secrets"}},
     Uses::all, run_actions_test, {{"ephemeral", "true"}}},
    {"actions logs tail", "Print what the newest runs of actions said", {},
     {tenant_flag, {"limit", "N", "of how many runs [20]"}, {"follow", "", "and of every new one until interrupted"}},
     Uses::store, run_actions_logs_tail},
    {"flags list", "List feature flags with what is set for them", {}, {{"tenant", "NAME", "and for this tenant"}}, Uses::store, run_flags_list},
    {"flags set", "Set a feature flag for the installation, an environment or a tenant",
     {{"KEY", "the flag"}, {"VALUE", "true, false or a text"}},
     {only_tenant, only_environment, {"percentage", "P", "only for this share of a tenant's users [100]"}}, Uses::store, run_flags_set},
    {"flags unset", "Take a setting of a feature flag back", {{"KEY", "the flag"}}, {only_tenant, only_environment}, Uses::store, run_flags_unset},
    {"flags evaluate", "Print what a feature flag is for somebody", {{"KEY", "the flag"}},
     {{"tenant", "NAME", "who asks"}, {"user", "ID", "of the tenant"}}, Uses::store, run_flags_evaluate},
    {"migrate", "Bring the store to this version's schema", {}, {{"plan", "", "only say what would be done"}}, Uses::store, run_migrate},
    {"store copy", "Move an embedded store into a PostgreSQL database and compare both; repeatable, while nobody serves from them",
     {{"FROM", "sqlite:PATH"}, {"TO", "postgres://USER@HOST:PORT/DATABASE"}}, {}, Uses::store, run_store_copy},
    {"doctor", "Check that the installation can work", {}, {}, Uses::all, run_doctor},
    {"config check", "Check the settings", {}, {}, Uses::all, run_config_check},
    {"config show", "Show every setting, its value and where it comes from; secrets stay hidden", {}, {}, Uses::all, run_config_show},
    {"version", "Print the version", {}, {}, Uses::none, run_version},
  };
  // clang-format on
  return rows;
}

}  // namespace durward::cli
