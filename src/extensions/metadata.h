#pragma once
#include "extensions/commands.h"

namespace durward::extensions {

// What scripts set in user_metadata and app_metadata; null removes.
struct MetadataChanges {
  json::Object user, app;

  bool empty() const { return user.empty() && app.empty(); }
  // api.user.setUserMetadata and setAppMetadata; other commands are none of them.
  void note(const Command& command);
  // To the attributes of a user.
  void apply_to(json::Object& attributes) const;
};

}  // namespace durward::extensions
