#pragma once
#include <memory>

#include "endpoint/endpoint.h"
#include "login/machine.h"
#include "login/reset_pass.h"

// The handlers of the pages; rows.cc gives them their paths.
namespace durward::login {

using MachinePtr = std::shared_ptr<Machine>;

Task<http::Response> show_login(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                endpoint::PathParameters path);
Task<http::Response> post_login(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                endpoint::PathParameters path);
Task<http::Response> show_identifier(MachinePtr machine, endpoint::RequestContext context,
                                     http::Request request, endpoint::PathParameters path);
Task<http::Response> post_identifier(MachinePtr machine, endpoint::RequestContext context,
                                     http::Request request, endpoint::PathParameters path);
Task<http::Response> show_password(MachinePtr machine, endpoint::RequestContext context,
                                   http::Request request, endpoint::PathParameters path);
Task<http::Response> post_password(MachinePtr machine, endpoint::RequestContext context,
                                   http::Request request, endpoint::PathParameters path);
Task<http::Response> show_signup(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                 endpoint::PathParameters path);
Task<http::Response> post_signup(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                 endpoint::PathParameters path);
Task<http::Response> show_reset_request(MachinePtr machine, endpoint::RequestContext context,
                                        http::Request request, endpoint::PathParameters path);
Task<http::Response> post_reset_request(MachinePtr machine, endpoint::RequestContext context,
                                        http::Request request, endpoint::PathParameters path);
Task<http::Response> show_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters path);
Task<http::Response> post_new_password(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters path);
Task<http::Response> show_verification(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters path);
Task<http::Response> post_verification(MachinePtr machine, endpoint::RequestContext context,
                                       http::Request request, endpoint::PathParameters path);
Task<http::Response> show_unblock(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters path);
Task<http::Response> post_unblock(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters path);
Task<http::Response> show_consent(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters path);
Task<http::Response> post_consent(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                                  endpoint::PathParameters path);
Task<http::Response> continue_login(MachinePtr machine, endpoint::RequestContext context,
                                    http::Request request, endpoint::PathParameters path);
// Somebody whom a script sent away in a password reset is back, with {state, query, body}.
Task<http::Response> continue_reset(MachinePtr machine, endpoint::RequestContext context,
                                    http::Request request, ResetPass pass, json::Object came_back);
Task<http::Response> show_challenge_script(MachinePtr machine, endpoint::RequestContext context,
                                           http::Request request, endpoint::PathParameters path);
Task<http::Response> show_home(MachinePtr machine, endpoint::RequestContext context, http::Request request,
                               endpoint::PathParameters path);

}  // namespace durward::login
