#pragma once
#include <gtest/gtest.h>

#include "protocols/rows.h"
#include "tokens/testing/world.h"

namespace durward::testing {

// The protocol rows over a world in memory, called as the server would call them.
class Face : public ::testing::Test {
 protected:
  World world;
  tokens::Issuer issuer{world.services};
  connections::database::Database database{world.services};
  std::vector<endpoint::Endpoint> rows = protocols::rows({world.services, issuer, database});

  http::Response send(http::Request request, int64_t tenant = 1) {
    for (const auto& row : rows)
      if (row.method == request.method && row.path == request.path)
        return run_sync(std::get<endpoint::ProtocolHandler>(row.handler)(world.context(tenant), request, {}));
    ADD_FAILURE() << "no row for " << request.path;
    return {};
  }
  static http::Request get(std::string path, std::string query = {}) {
    return {.method = http::Method::get,
            .method_text = "GET",
            .path = std::move(path),
            .query = std::move(query)};
  }
  static http::Request post(std::string path, std::string body,
                            std::string type = "application/x-www-form-urlencoded") {
    http::Request request{.method = http::Method::post, .method_text = "POST", .path = std::move(path)};
    request.body = std::move(body);
    if (!type.empty()) request.headers.set("Content-Type", std::move(type));
    return request;
  }
  static http::Request with(http::Request request, std::string name, std::string value) {
    request.headers.add(name, std::move(value));
    return request;
  }
  static json::Object body_of(const http::Response& response) {
    auto parsed = json::parse_object(response.body);
    return parsed ? *parsed : json::Object();
  }
  // "403 invalid_grant: text"
  static std::string refusal(const http::Response& response) {
    const auto body = body_of(response);
    return std::to_string(response.status) + " " + json::string_or(body, "error") + ": " +
           json::string_or(body, "error_description");
  }
};

}  // namespace durward::testing
