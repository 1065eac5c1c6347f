#pragma once
#include <memory>
#include <string>
#include <vector>

#include "adapters/postgres/copy.h"
#include "base/clock.h"
#include "base/metrics.h"
#include "base/random.h"
#include "ports/storage/store.h"
#include "server/options.h"

namespace durward::server {

// The store that the settings name, before it is opened.
class StoreChoice {
 public:
  static std::unique_ptr<StoreChoice> of(const Settings& settings);
  // What is wrong with a value of the option, as the end of a sentence; never repeats it.
  static std::optional<std::string> mistake_in(const std::string& store);
  virtual ~StoreChoice() = default;

  // How messages name it; never holds a password.
  virtual std::string shown() const = 0;
  // Nothing is there and the first start makes it. An engine elsewhere is not asked: false.
  virtual bool is_new() const = 0;
  // Other processes can open it at the same time.
  virtual bool is_shared() const { return true; }
  // Errors: those of the engine's `open`; conflict/"migration_needed" when the schema is older and may not be
  // changed. The arguments must outlive the store; a null registry keeps no metrics.
  virtual Result<std::unique_ptr<ports::Store>> open(const Clock& clock, Random& random,
                                                     metrics::Registry* registry,
                                                     bool may_migrate = true) const = 0;
  // All migrations this program knows, and whether the store has them; changes nothing.
  virtual Result<std::vector<ports::MigrationStep>> plan() const = 0;
  // Applies what is missing; returns what was applied.
  virtual Result<std::vector<ports::MigrationStep>> migrate(TimePoint at) const = 0;
};

// What `durward store copy` does; see adapters/postgres/copy.h for promises and errors. `from` is
// sqlite:PATH, `to` postgres://...; anything else is invalid/"bad_store_url".
using adapters::CopiedTable;
Result<std::vector<CopiedTable>> copy_store(const Settings& settings, const std::string& from,
                                            const std::string& to,
                                            const std::function<void(const std::string&, int64_t)>& progress);

}  // namespace durward::server
