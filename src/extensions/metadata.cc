#include "extensions/metadata.h"

namespace durward::extensions {
namespace {

void merge(json::Object& attributes, std::string_view member, const json::Object& changes) {
  if (changes.empty()) return;
  json::Object inner;
  if (const auto* found = json::object(attributes, member)) inner = *found;
  for (const auto& change : changes) {
    if (change.value().is_null())
      inner.erase(change.key());
    else
      inner.insert_or_assign(change.key(), change.value());
  }
  attributes[member] = std::move(inner);
}

}  // namespace

void MetadataChanges::note(const Command& command) {
  if (command.name == "user.setUserMetadata") user[command.text(0)] = command.args[1];
  if (command.name == "user.setAppMetadata") app[command.text(0)] = command.args[1];
}

void MetadataChanges::apply_to(json::Object& attributes) const {
  merge(attributes, "user_metadata", user);
  merge(attributes, "app_metadata", app);
}

}  // namespace durward::extensions
