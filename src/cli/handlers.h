#pragma once
#include "cli/command.h"

// What the commands do; commands.cc gives each its words.
namespace durward::cli {

Exit run_dev(Invocation& invocation);
Exit run_serve(Invocation& invocation);

Exit run_tenant_create(Invocation& invocation);
Exit run_tenant_list(Invocation& invocation);
Exit run_tenant_show(Invocation& invocation);
Exit run_tenant_remove(Invocation& invocation);
Exit run_tenant_entitlements(Invocation& invocation);
Exit run_tenant_import(Invocation& invocation);
Exit run_tenant_export(Invocation& invocation);

Exit run_user_import(Invocation& invocation);
Exit run_user_export(Invocation& invocation);

Exit run_keys_list(Invocation& invocation);
Exit run_keys_rotate(Invocation& invocation);
Exit run_keys_revoke(Invocation& invocation);

Exit run_events_tail(Invocation& invocation);
Exit run_events_replay(Invocation& invocation);
Exit run_events_refill(Invocation& invocation);
Exit run_events_dead(Invocation& invocation);

Exit run_breached_build(Invocation& invocation);
Exit run_breached_check(Invocation& invocation);
Exit run_breached_info(Invocation& invocation);
Exit run_actions_list(Invocation& invocation);
Exit run_actions_deploy(Invocation& invocation);
Exit run_actions_test(Invocation& invocation);
Exit run_actions_logs_tail(Invocation& invocation);

Exit run_flags_list(Invocation& invocation);
Exit run_flags_set(Invocation& invocation);
Exit run_flags_unset(Invocation& invocation);
Exit run_flags_evaluate(Invocation& invocation);

Exit run_migrate(Invocation& invocation);
Exit run_store_copy(Invocation& invocation);
Exit run_doctor(Invocation& invocation);
Exit run_config_check(Invocation& invocation);
Exit run_config_show(Invocation& invocation);
Exit run_token(Invocation& invocation);
Exit run_version(Invocation& invocation);

}  // namespace durward::cli
