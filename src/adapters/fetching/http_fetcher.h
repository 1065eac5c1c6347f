#pragma once
#include <memory>
#include <mutex>

#include "http/client.h"
#include "ports/fetcher.h"

namespace durward::adapters {

// Over http::Client, whose thread starts with the first request: most installations never make one.
class HttpFetcher : public ports::Fetcher {
 public:
  explicit HttpFetcher(metrics::Registry& metrics, http::ClientOptions options = {})
      : metrics_(metrics), options_(std::move(options)) {}
  Async<ports::Fetched> post(ports::Outbound request, Milliseconds deadline) override;

 private:
  Result<http::Client*> client();

  metrics::Registry& metrics_;
  const http::ClientOptions options_;
  std::mutex making_;
  std::unique_ptr<http::Client> client_;  // guarded by making_ until it is there
};

}  // namespace durward::adapters
