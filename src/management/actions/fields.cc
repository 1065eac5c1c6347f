#include "management/actions/fields.h"

#include "management/support/scripts.h"

namespace durward::management::actions {
namespace {

using namespace endpoint;

constexpr std::string_view trigger_ids =
    "post-login credentials-exchange pre-user-registration post-user-registration post-change-password "
    "send-phone-message custom-phone-provider custom-email-provider password-reset-post-challenge "
    "custom-token-exchange event-stream password-hash-migration";
constexpr std::string_view package_name =
    "/^(@[A-Za-z0-9~-][A-Za-z0-9._~-]*\\/)?[A-Za-z0-9~-][A-Za-z0-9._~-]*$/";
constexpr std::string_view package_version = "/^[0-9A-Za-z.^~*+-]+$/";
constexpr double list_max = 100, name_max = 255, module_code_max = 65'536;

constexpr Field action_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "name", .flags = required, .min = 1, .max = name_max, .doc = "Unique among the actions"},
    {.path = "supported_triggers", .type = Type::array, .flags = required, .min = 1, .max = 1},
    {.path = "supported_triggers[].id", .flags = required, .values = trigger_ids},
    {.path = "supported_triggers[].version", .max = 16},
    {.path = "supported_triggers[].status", .flags = read_only},
    {.path = "supported_triggers[].runtimes", .type = Type::array, .flags = read_only},
    {.path = "supported_triggers[].default_runtime", .flags = read_only},
    {.path = "supported_triggers[].compatible_triggers",
     .type = Type::array,
     .flags = read_only,
     .items = Type::any},
    {.path = "supported_triggers[].binding_policy", .flags = read_only},
    {.path = "code",
     .max = code_max,
     .fallback = R"("module.exports = () => {}")",
     .doc = "JavaScript or TypeScript, CommonJS; the handlers of its trigger are its exports"},
    {.path = "dependencies", .type = Type::array, .max = list_max, .fallback = "[]"},
    {.path = "dependencies[].name", .flags = required, .max = 214, .format = package_name},
    {.path = "dependencies[].version", .flags = required, .max = 50, .format = package_version},
    {.path = "dependencies[].registry_url", .max = 0, .format = "uri-or-empty"},
    {.path = "runtime", .values = "node22 node18-actions node18 node16 node12", .fallback = R"("node22")"},
    {.path = "secrets", .type = Type::array, .max = list_max, .fallback = "[]"},
    {.path = "secrets[].name", .flags = required, .min = 1, .max = 128},
    {.path = "secrets[].value", .flags = secret, .max = 4096},
    {.path = "secrets[].updated_at", .flags = read_only},
    {.path = "modules", .type = Type::array, .max = list_max, .fallback = "[]"},
    {.path = "modules[].module_id", .max = 36},
    {.path = "modules[].module_name", .max = name_max},
    {.path = "modules[].module_version_id", .max = 36},
    {.path = "modules[].module_version_number", .type = Type::integer, .min = 1, .max = 1e9},
    {.path = "deploy", .type = Type::boolean, .flags = create_only},
    {.path = "all_changes_deployed", .type = Type::boolean, .flags = read_only},
    {.path = "created_at", .flags = read_only},
    {.path = "updated_at", .flags = read_only},
    {.path = "built_at", .flags = read_only},
    {.path = "status", .flags = read_only, .values = "pending building packaged built retrying failed"},
    {.path = "errors", .type = Type::array, .flags = read_only, .items = Type::any},
    {.path = "deployed", .type = Type::boolean, .flags = read_only},
    {.path = "deployed_version", .type = Type::any, .flags = read_only},
    {.path = "current_version", .type = Type::any, .flags = read_only},
    {.path = "installed_integration_id", .flags = read_only},
    {.path = "integration", .type = Type::any, .flags = read_only},
};

constexpr Field deploy_version_fields[] = {
    {.path = "update_draft",
     .type = Type::boolean,
     .fallback = "false",
     .doc = "The draft becomes this version too"},
};

constexpr Field bindings_fields[] = {
    {.path = "bindings", .type = Type::array, .flags = required, .max = 50},
    {.path = "bindings[].ref", .type = Type::object, .flags = required},
    {.path = "bindings[].ref.type", .flags = required, .values = "binding_id action_id action_name"},
    {.path = "bindings[].ref.value", .flags = required, .min = 1, .max = name_max},
    {.path = "bindings[].display_name", .max = name_max},
    {.path = "bindings[].secrets", .type = Type::array, .max = list_max, .items = Type::any},
    {.path = "bindings[].failure_policy",
     .values = "closed open",
     .doc = "What happens when the action cannot be run at all; an addition of Durward"},
};

constexpr Field module_fields[] = {
    {.path = "id", .flags = read_only},
    {.path = "name", .flags = required | create_only, .min = 1, .max = name_max, .format = "/^[^/]+$/"},
    {.path = "code", .flags = required, .max = module_code_max},
    {.path = "secrets", .type = Type::array, .max = list_max, .fallback = "[]"},
    {.path = "secrets[].name", .flags = required, .min = 1, .max = 128},
    {.path = "secrets[].value", .flags = secret, .max = 4096},
    {.path = "secrets[].updated_at", .flags = read_only},
    {.path = "dependencies", .type = Type::array, .max = list_max, .fallback = "[]"},
    {.path = "dependencies[].name", .flags = required, .max = 214, .format = package_name},
    {.path = "dependencies[].version", .flags = required, .max = 50, .format = package_version},
    {.path = "api_version", .flags = create_only, .max = 20},
    {.path = "publish", .type = Type::boolean, .flags = create_only},
    {.path = "actions_using_module_total", .type = Type::integer, .flags = read_only},
    {.path = "all_changes_published", .type = Type::boolean, .flags = read_only},
    {.path = "latest_version_number", .type = Type::integer, .flags = read_only},
    {.path = "latest_version", .type = Type::any, .flags = read_only},
    {.path = "created_at", .flags = read_only},
    {.path = "updated_at", .flags = read_only},
};

constexpr Field module_rollback_fields[] = {
    {.path = "module_version_id", .flags = required, .min = 1, .max = 36},
};

constexpr Field test_fields[] = {
    {.path = "payload",
     .type = Type::object,
     .flags = required,
     .doc = "event, and as additions handler, cache, roles and continue"},
};

}  // namespace

const Schema& action_schema() {
  static const Schema schema("Action", action_fields);
  return schema;
}
const Schema& deploy_version_schema() {
  static const Schema schema("DeployActionVersion", deploy_version_fields);
  return schema;
}
const Schema& bindings_schema() {
  static const Schema schema("ActionBindings", bindings_fields);
  return schema;
}
const Schema& module_schema() {
  static const Schema schema("ActionModule", module_fields);
  return schema;
}
const Schema& module_rollback_schema() {
  static const Schema schema("ActionModuleRollback", module_rollback_fields);
  return schema;
}
const Schema& test_schema() {
  static const Schema schema("ActionTest", test_fields);
  return schema;
}

}  // namespace durward::management::actions
