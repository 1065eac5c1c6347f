#pragma once
#include <list>
#include <map>
#include <mutex>

#include "http/message.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

// Code that other roles sent, so that they need not send it with every call. Bounded; what was used longest
// ago goes. Thread-safe.
class ScriptShelf {
 public:
  explicit ScriptShelf(size_t bytes_max = 64 << 20) : bytes_max_(bytes_max) {}

  // Keeps the code of scripts that have it, and gives it to those that go by their digest. False when one of
  // them is not known.
  bool complete(domain::TenantId tenant, std::vector<domain::ScriptPtr>& scripts);

 private:
  struct Book {
    domain::TenantId tenant;
    domain::ScriptPtr script;
    size_t bytes;
  };
  using Key = std::pair<domain::TenantId, std::string>;
  void keep(domain::TenantId tenant, const domain::ScriptPtr& script);

  const size_t bytes_max_;
  std::mutex mutex_;
  size_t bytes_ = 0;
  std::list<Book> books_;  // the one used last is first
  std::map<Key, std::list<Book>::iterator> by_digest_;
};

// The extensions role: answers requests to scripts_path and modules_path (scripts_wire.h) with what outlives
// them. Who asks was checked before. Wipes the request's body, which holds secrets.
Task<http::Response> serve_scripts(ports::Scripts& scripts, ScriptShelf& shelf, http::Request request);
Task<http::Response> serve_modules(ports::ModuleBuilder& modules, http::Request request);

}  // namespace durward::adapters::sandbox
