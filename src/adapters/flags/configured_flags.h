#pragma once
#include <string>

#include "ports/configuration.h"
#include "ports/flags.h"

namespace durward::adapters {

// Flags by the documents of the collection `flags`, through the cache of configuration: a change by any
// process is seen within a second. While they cannot be read the value is the table's.
class ConfiguredFlags : public ports::Flags {
 public:
  // `environment`: the name of this installation among those of its operator; may be empty. `configuration`
  // outlives it.
  ConfiguredFlags(ports::Configuration& configuration, std::string environment)
      : configuration_(configuration), environment_(std::move(environment)) {}

  Task<domain::FlagResolution> resolve(std::string key, domain::FlagContext context) override;

 private:
  ports::Configuration& configuration_;
  const std::string environment_;
};

}  // namespace durward::adapters
