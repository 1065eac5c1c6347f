#pragma once
#include <memory>
#include <optional>
#include <string>

#include "base/json.h"
#include "base/metrics.h"
#include "http/server.h"

namespace durward::server {

// The sample single-page application on an origin of its own: the files of web/sample, the SDK from its
// node_modules, and /config.json, which says whom to sign in with.
class SampleSite {
 public:
  // The folder with index.html and the SDK: `given`, else share/durward/sample beside the program's folder,
  // else web/sample in the working directory. Nothing when there is none or npm has not put the SDK there.
  static std::optional<std::string> find_folder(const std::string& given);

  // Binds and serves, with `tls` unless it is null: an application on https://localhost is one site with the
  // tenant there, and only then do browsers let the hidden frame of a silent renewal see the session. Errors:
  // those of http::Server, unavailable for unreadable files.
  static Result<std::unique_ptr<SampleSite>> start(const std::string& folder, http::Listen listen,
                                                   std::shared_ptr<http::TlsContexts> tls, const Clock& clock,
                                                   Random& random);
  ~SampleSite();

  std::string origin() const;  // https://localhost:8444
  // What /config.json answers from now on. Thread-safe.
  void configure(json::Object config);

 private:
  SampleSite() = default;
  struct Content;
  std::shared_ptr<Content> content_;
  metrics::Registry metrics_;
  bool secure_ = false;
  std::unique_ptr<http::Server> server_;
};

}  // namespace durward::server
