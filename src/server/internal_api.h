#pragma once
#include <memory>
#include <string>
#include <vector>

#include "domain/tenant.h"
#include "endpoint/endpoint.h"
#include "http/router.h"
#include "ports/services.h"

namespace durward::server {

// The management API without a socket, for seeds and commands: the same rows, validation and log records as
// over HTTP, asked by an operator who holds every scope.
class InternalApi {
 public:
  // `rows` must stay alive.
  InternalApi(const std::vector<endpoint::Endpoint>& rows, const ports::Services& services);

  struct Place {
    std::shared_ptr<const domain::Tenant> tenant;
    std::string host;  // authority of links in mails and of the issuer
  };
  // `path` with its query, encoded, without /api/v2. A null `body` sends none. The error of an answer that is
  // no success has its message, and the code and kind that fit its status.
  Async<json::Value> call(Place place, http::Method method, std::string path,
                          json::Value body = nullptr) const;
  // All items of a list that pages by `page` and `per_page`, with `plural` naming them beside totals.
  Async<json::Array> all(Place place, std::string path, std::string plural) const;

 private:
  const std::vector<endpoint::Endpoint>& rows_;
  const ports::Services& services_;
  http::Router router_;
  endpoint::Principal operator_;
};

}  // namespace durward::server
