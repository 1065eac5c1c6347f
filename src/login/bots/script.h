#pragma once
#include <string>
#include <string_view>

namespace durward::login {

// The script that answers a page's proof of work, and where it is served.
std::string_view challenge_script();
const std::string& challenge_script_url();  // "/u/challenge.js?v=…": changes with the script

}  // namespace durward::login
