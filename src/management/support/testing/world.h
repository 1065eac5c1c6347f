#pragma once
#include <map>
#include <string>
#include <vector>

#include "base/encoding.h"
#include "domain/management_scopes.h"
#include "management/management.h"
#include "management/support/new_tenant.h"
#include "management/support/replies.h"
#include "tokens/testing/world.h"

// A tenant in memory that the management rows run against, with requests as one call. Documents are kept with
// their keys; everything else is the world of tokens/testing.
namespace durward::management::testing {

using durward::testing::Id;

struct StoredDocument {
  ports::Document document;
  std::vector<ports::DocumentKey> keys;
};

struct DocumentStore : ports::Documents, ports::Committer {
  explicit DocumentStore(ports::Committer& other) : rest(other) {}
  ports::Committer& rest;
  std::map<std::pair<int64_t, ports::Collection>, std::vector<StoredDocument>> rows;
  std::function<void()> before_commit;  // lets another request win a race, once
  int commits = 0;

  static bool has(const StoredDocument& row, const std::string& name, const std::string& value) {
    for (const auto& key : row.keys)
      if (key.name == name && key.value == value) return true;
    return false;
  }

  Async<std::optional<ports::Document>> find(Id tenant, ports::Collection collection,
                                             std::string id) override {
    for (const auto& row : rows[{tenant.value, collection}])
      if (row.document.id == id) co_return row.document;
    co_return std::nullopt;
  }
  Async<std::optional<ports::Document>> find_by(Id tenant, ports::Collection collection, std::string key,
                                                std::string value) override {
    for (const auto& row : rows[{tenant.value, collection}])
      if (has(row, key, value)) co_return row.document;
    co_return std::nullopt;
  }
  Async<ports::DocumentPage> list(Id tenant, ports::Collection collection,
                                  ports::DocumentQuery query) override {
    std::vector<ports::Document> fit;
    for (const auto& row : rows[{tenant.value, collection}])
      if (std::ranges::all_of(query.equals, [&](const auto& e) { return has(row, e.first, e.second); }))
        fit.push_back(row.document);
    ports::DocumentPage out;
    const size_t first = query.after ? size_t(std::stoll(*query.after)) : size_t(query.offset);
    const size_t last = std::min(fit.size(), first + size_t(query.limit));
    for (size_t i = first; i < last; ++i) out.items.push_back(fit[i]);
    if (query.want_total) out.total = int64_t(fit.size());
    if (last < fit.size()) out.next = std::to_string(last);
    co_return out;
  }

  Async<> commit(Id tenant, ports::Writes writes) override {
    if (auto hook = std::exchange(before_commit, nullptr)) hook();
    ++commits;
    const auto before = rows;
    for (const auto& write : writes) {
      auto done = std::visit([&](const auto& w) { return apply(tenant, w); }, write);
      if (done) continue;
      rows = before;
      co_return done;
    }
    co_return co_await rest.commit(tenant, std::move(writes));
  }

 private:
  Result<> apply(Id, const auto&) { return {}; }
  Result<> put(Id tenant, ports::Collection collection, StoredDocument fresh, int64_t version) {
    auto& list = rows[{tenant.value, collection}];
    for (const auto& row : list) {
      if (row.document.id == fresh.document.id) {
        if (!version) return fail(ErrorKind::conflict, "document_exists");
        continue;
      }
      for (const auto& key : fresh.keys)
        if (key.unique && has(row, key.name, key.value)) return fail(ErrorKind::conflict, "document_exists");
    }
    if (!version) {
      list.push_back(std::move(fresh));
      return {};
    }
    for (auto& row : list) {
      if (row.document.id != fresh.document.id) continue;
      if (row.document.version != version) return fail(ErrorKind::conflict, "version_changed");
      fresh.document.version = version + 1;
      row = std::move(fresh);
      return {};
    }
    return fail(ErrorKind::not_found, "not_found");
  }
  Result<> apply(Id tenant, const ports::InsertDocument& w) {
    return put(tenant, w.collection, {w.document, w.keys}, 0);
  }
  Result<> apply(Id tenant, const ports::ReplaceDocument& w) {
    return put(tenant, w.collection, {w.document, w.keys}, w.document.version);
  }
  Result<> apply(Id tenant, const ports::RemoveDocument& w) {
    auto& list = rows[{tenant.value, w.collection}];
    const auto gone = std::erase_if(list, [&](const auto& row) { return row.document.id == w.id; });
    return gone ? Result<>() : fail(ErrorKind::not_found, "not_found");
  }
  Result<> apply(Id tenant, const ports::RemoveDocumentsBy& w) {
    std::erase_if(rows[{tenant.value, w.collection}],
                  [&](const auto& row) { return has(row, w.key, w.value); });
    return {};
  }
};

struct Answer {
  int status = 0;
  json::Value body;
  const json::Value& operator[](std::string_view name) const { return body.at(name); }
  std::string text(std::string_view name) const { return json::string_or(body.as_object(), name); }
  bool has(std::string_view name) const { return body.as_object().contains(name); }
};

// Two tenants, "acme" and "other", each as create_tenant leaves it.
struct World {
  durward::testing::World base;
  DocumentStore store{base.committer};
  ports::Services services{
      base.clock,   base.random,      base.sequence,  base.configuration, base.tenants,        store,
      base.users,   base.assignments, base.sessions,  base.codes,         base.refresh_tokens, base.grants,
      base.tickets, base.logs,        store,          base.vault,         base.hasher,         base.metrics,
      base.limiter, base.cache,       base.breached,  base.flags,         base.state.blocks,   base.scripts,
      base.modules, base.executions,  base.deliveries};
  std::vector<Endpoint> all_rows = rows(services);
  InitialDocuments acme, other;

  World() {
    acme = fill(1);
    other = fill(2);
    store.commits = 0;
  }

  // Generating RSA keys would dominate every test.
  static const TenantKeys& keys() {
    static const TenantKeys made = *generate_tenant_keys();
    return made;
  }

  InitialDocuments fill(int64_t tenant) {
    const auto context = base.context(tenant);
    NewTenant wanted{context.tenant->name, context.host, "Friendly"};
    auto documents = *run_sync(initial_documents(services, {tenant}, std::move(wanted), keys()));
    auto done = run_sync(store.commit({tenant}, documents.writes));
    if (!done) throw std::logic_error("the initial documents contradict each other");
    return documents;
  }

  // `path` begins after /api/v2 and may have a query. The caller has every scope, or those named.
  Answer call(http::Method method, std::string path, json::Value body = nullptr,
              std::vector<std::string> scopes = {"*"}, int64_t tenant = 1) {
    const auto response = ask(method, std::move(path), std::move(body), std::move(scopes), tenant);
    return {response.status, response.body.empty() ? json::Value() : *json::parse(response.body)};
  }
  // Of a row whose answer is not JSON.
  std::string get_text(std::string path) {
    return ask(http::Method::get, std::move(path), nullptr, {"*"}, 1).body;
  }
  http::Response ask(http::Method method, std::string path, json::Value body, std::vector<std::string> scopes,
                     int64_t tenant) {
    http::Request request;
    request.method = method;
    const size_t mark = path.find('?');
    if (mark != std::string::npos) request.query = path.substr(mark + 1);
    request.path = "/api/v2" + path.substr(0, mark);
    request.headers.set("Authorization", "Bearer x");
    if (!body.is_null()) request.body = json::serialize(body);
    endpoint::PathParameters parameters;
    const Endpoint& row = match(request, parameters);
    caller = endpoint::Principal{"mgmt@clients", "mgmt", expand(scopes)};
    const endpoint::Authenticator authenticate = [this](endpoint::RequestContext, std::string) {
      return settle(caller);
    };
    return run_sync(run_management(row, authenticate, base.context(tenant), std::move(request), parameters));
  }
  Answer get(std::string path) { return call(http::Method::get, std::move(path)); }
  Answer post(std::string path, json::Value body = nullptr) {
    return call(http::Method::post, std::move(path), std::move(body));
  }
  Answer patch(std::string path, json::Value body) {
    return call(http::Method::patch, std::move(path), std::move(body));
  }
  Answer remove(std::string path, json::Value body = nullptr) {
    return call(http::Method::delete_, std::move(path), std::move(body));
  }

  const domain::LogRecord& last_log() const { return base.state.last_log(); }
  size_t count(ports::Collection collection) { return store.rows[{1, collection}].size(); }
  // Everything stored for the tenant, as text: what must not be found in it is not in it.
  std::string dump() {
    std::string out;
    for (const auto& [place, list] : store.rows)
      for (const auto& row : list) out += json::serialize(row.document.body);
    for (const auto& [id, record] : base.state.log) out += json::serialize(record.details);
    return out;
  }

 private:
  endpoint::Principal caller;

  static Async<endpoint::Principal> settle(endpoint::Principal principal) { co_return principal; }

  static std::vector<std::string> expand(std::vector<std::string> scopes) {
    if (scopes != std::vector<std::string>{"*"}) return scopes;
    const auto every = domain::management_scopes();
    return {every.begin(), every.end()};
  }

  static std::vector<std::string> segments(const std::string& path) {
    std::vector<std::string> out;
    for (size_t at = 1; at <= path.size();) {
      const size_t end = std::min(path.find('/', at), path.size());
      out.push_back(path.substr(at, end - at));
      at = end + 1;
    }
    return out;
  }

  // Literal segments win over parameters, as in the router.
  const Endpoint& match(const http::Request& request, endpoint::PathParameters& out) {
    const auto wanted = segments(request.path);
    const Endpoint* best = nullptr;
    for (const auto& row : all_rows) {
      const auto pattern = segments(row.path);
      if (row.method != request.method || pattern.size() != wanted.size()) continue;
      endpoint::PathParameters found;
      bool fits = true;
      for (size_t i = 0; i < pattern.size() && fits; ++i) {
        if (pattern[i].starts_with('{'))
          found.emplace_back(pattern[i].substr(1, pattern[i].size() - 2),
                             percent_decode(wanted[i]).value_or(""));
        else
          fits = pattern[i] == wanted[i];
      }
      if (!fits || (best && found.size() >= out.size())) continue;
      best = &row;
      out = std::move(found);
    }
    if (!best) throw std::logic_error("no row for " + request.path);
    return *best;
  }
};

}  // namespace durward::management::testing
