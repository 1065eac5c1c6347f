#pragma once
#include <memory>
#include <vector>

#include "endpoint/endpoint.h"
#include "login/machine.h"

namespace durward::login {

// All pages: /u/..., GET /. The machine outlives the rows' requests through the pointer.
std::vector<endpoint::Endpoint> login_rows(std::shared_ptr<Machine> machine);

}  // namespace durward::login
