#pragma once
#include "http/message.h"
#include "ports/scripts.h"

namespace durward::adapters::sandbox {

// The extensions role: answers requests to scripts_path and modules_path (scripts_wire.h) with what outlives
// them. Who asks was checked before. Wipes the request's body, which holds secrets.
Task<http::Response> serve_scripts(ports::Scripts& scripts, http::Request request);
Task<http::Response> serve_modules(ports::ModuleBuilder& modules, http::Request request);

}  // namespace durward::adapters::sandbox
