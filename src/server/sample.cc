#include "server/sample.h"

#include <filesystem>
#include <map>
#include <mutex>

#include "server/options.h"

namespace durward::server {
namespace {

struct File {
  std::string_view url, path, type;
};
constexpr File files[] = {
    {"/", "index.html", "text/html; charset=utf-8"},
    {"/app.js", "app.js", "text/javascript; charset=utf-8"},
    {"/style.css", "style.css", "text/css; charset=utf-8"},
    {"/auth0-spa-js.js", "node_modules/@auth0/auth0-spa-js/dist/auth0-spa-js.production.esm.js",
     "text/javascript; charset=utf-8"},
};

bool is_complete(const std::filesystem::path& folder) {
  std::error_code error;
  return std::all_of(std::begin(files), std::end(files), [&](const File& file) {
    return std::filesystem::is_regular_file(folder / file.path, error);
  });
}

std::filesystem::path beside_program() {
  std::error_code error;
  return std::filesystem::read_symlink("/proc/self/exe", error).parent_path().parent_path() /
         "share/durward/sample";
}

}  // namespace

struct SampleSite::Content {
  std::map<std::string, http::Response, std::less<>> by_path;
  std::mutex mutex;
  std::string config = "{}";

  http::Response answer(const http::Request& request) {
    if (request.method != http::Method::get && request.method != http::Method::head)
      return http::text_response(405, "Method Not Allowed");
    if (request.path == "/config.json") {
      std::lock_guard lock(mutex);
      return http::json_response(200, config);
    }
    const auto found = by_path.find(request.path);
    return found == by_path.end() ? http::text_response(404, "Not Found") : found->second;
  }
};

std::optional<std::string> SampleSite::find_folder(const std::string& given) {
  for (const auto& folder :
       {std::filesystem::path(given), beside_program(), std::filesystem::path("web/sample")})
    if (!folder.empty() && is_complete(folder)) return folder.string();
  return {};
}

Result<std::unique_ptr<SampleSite>> SampleSite::start(const std::string& folder, http::Listen listen,
                                                      std::shared_ptr<http::TlsContexts> tls,
                                                      const Clock& clock, Random& random) {
  auto content = std::make_shared<Content>();
  for (const File& file : files) {
    TRY(auto text, read_file(folder + "/" + std::string(file.path)));
    http::Response response;
    response.body = std::move(text);
    response.headers.set("Content-Type", std::string(file.type));
    response.headers.set("Cache-Control", "no-cache");
    response.headers.set("X-Content-Type-Options", "nosniff");
    content->by_path[std::string(file.url)] = std::move(response);
  }
  std::unique_ptr<SampleSite> site(new SampleSite);
  site->content_ = content;
  http::ServerOptions options;
  listen.tls = site->secure_ = tls != nullptr;
  options.listen = {std::move(listen)};
  options.tls = std::move(tls);
  options.io_threads = 1;
  options.access_log = false;
  site->server_ = std::make_unique<http::Server>(
      std::move(options), http::ServerServices{clock, random, site->metrics_},
      [content](http::Request request) -> Task<http::Response> {
        return [](std::shared_ptr<Content> from, http::Request asked) -> Task<http::Response> {
          co_return from->answer(asked);
        }(content, std::move(request));
      });
  ENSURE(site->server_->start());
  return site;
}

SampleSite::~SampleSite() = default;

std::string SampleSite::origin() const {
  return (secure_ ? "https://localhost:" : "http://localhost:") +
         std::to_string(server_->addresses().front().port);
}

void SampleSite::configure(json::Object config) {
  std::lock_guard lock(content_->mutex);
  content_->config = json::serialize(config);
}

}  // namespace durward::server
