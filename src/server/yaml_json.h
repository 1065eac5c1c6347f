#pragma once
#include <yaml-cpp/yaml.h>

#include <string>

#include "base/json.h"
#include "base/result.h"

namespace durward::server {

// YAML as JSON by the core schema (YAML 1.2 §10.3): plain true, false, null and numbers are what they look
// like, everything quoted is text. Errors: invalid / invalid_yaml for duplicate or non-text keys, more than
// 32 levels, or more than 200,000 nodes (aliases count each time, so that a small file cannot grow without
// bound); `message` begins with "LINE: ".
Result<json::Value> to_json(const YAML::Node& node);

// JSON as YAML text, keys in their order.
std::string to_yaml(const json::Value& value);

}  // namespace durward::server
