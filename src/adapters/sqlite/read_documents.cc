#include <algorithm>

#include "adapters/records/records.h"
#include "adapters/sqlite/readers.h"

namespace durward::adapters::sqlite {

using namespace records;

using ports::Collection;
using ports::Document;

namespace {
constexpr size_t equals_max = 8;

Document read_document(const Query& q) {
  return {q.text(1), stored_object(q.view(2)), q.integer(3), q.time(4), q.time(5)};
}

// A fixed text for each number of keys; the first one leads, because its index is already in order of
// creation.
std::string conditions(size_t keys) {
  if (keys == 0) return " FROM documents d WHERE d.tenant=? AND d.collection=?";
  std::string sql =
      " FROM document_keys k CROSS JOIN documents d ON d.row=k.document "
      "WHERE k.tenant=? AND k.collection=? AND k.name=? AND k.value=?";
  for (size_t i = 1; i < keys; ++i)
    sql +=
        " AND EXISTS(SELECT 1 FROM document_keys m WHERE m.tenant=d.tenant AND m.collection=d.collection "
        "AND m.name=? AND m.value=? AND m.document=d.row)";
  return sql;
}

Query bound(Database& db, const std::string& sql, int64_t tenant, Collection collection,
            const ports::DocumentQuery& query) {
  auto q = db.query(sql, tenant, to_string(collection));
  for (const auto& [name, value] : query.equals) q.bind(name, value);
  return q;
}

Result<ports::DocumentPage> list_documents(Database& db, int64_t tenant, Collection collection,
                                           const ports::DocumentQuery& query) {
  TRY(const int64_t after, parse_after(query.after));
  if (query.equals.size() > equals_max)
    return fail(ErrorKind::invalid, "invalid_query_string", "The query has too many conditions.");
  const auto limit = page_limit(query.limit);
  const auto from = conditions(query.equals.size());
  auto q = bound(db,
                 "SELECT d.row,d.id,d.body,d.version,d.created_at,d.updated_at" + from +
                     " AND d.row>? ORDER BY d.row LIMIT ? OFFSET ?",
                 tenant, collection, query);
  q.bind(after, limit + 1, query.after ? 0 : std::max<int64_t>(0, query.offset));
  ports::DocumentPage page;
  int64_t last = 0;
  while (q.step()) {
    if (int64_t(page.items.size()) == limit) {
      page.next = std::to_string(last);
      break;
    }
    page.items.push_back(read_document(q));
    last = q.integer(0);
  }
  if (query.want_total) {
    auto count = bound(db, "SELECT count(*)" + from, tenant, collection, query);
    count.step();
    page.total = count.integer(0);
  }
  return page;
}
}  // namespace

SqliteDocuments::SqliteDocuments(Context context)
    : c_(context),
      find_(ReadCounters(c_.registry, "documents")("find")),
      find_by_(ReadCounters(c_.registry, "documents")("find_by")),
      list_(ReadCounters(c_.registry, "documents")("list")) {}

Async<std::optional<Document>> SqliteDocuments::find(domain::TenantId tenant, Collection collection,
                                                     std::string id) {
  co_return co_await c_.engine.read(find_, ReadCost::point,
                                    [&](Database& db) -> Result<std::optional<Document>> {
                                      auto q = db.query(
                                          "SELECT row,id,body,version,created_at,updated_at FROM documents "
                                          "WHERE tenant=? AND collection=? AND id=?",
                                          tenant.value, to_string(collection), id);
                                      if (!q.step()) return std::nullopt;
                                      return read_document(q);
                                    });
}

Async<std::optional<Document>> SqliteDocuments::find_by(domain::TenantId tenant, Collection collection,
                                                        std::string key, std::string value) {
  co_return co_await c_.engine.read(
      find_by_, ReadCost::point, [&](Database& db) -> Result<std::optional<Document>> {
        auto q = db.query(
            "SELECT d.row,d.id,d.body,d.version,d.created_at,d.updated_at FROM document_keys k "
            "JOIN documents d ON d.row=k.document "
            "WHERE k.tenant=? AND k.collection=? AND k.name=? AND k.value=? ORDER BY k.document LIMIT 1",
            tenant.value, to_string(collection), key, value);
        if (!q.step()) return std::nullopt;
        return read_document(q);
      });
}

Async<ports::DocumentPage> SqliteDocuments::list(domain::TenantId tenant, Collection collection,
                                                 ports::DocumentQuery query) {
  co_return co_await c_.engine.read(list_, ReadCost::scan, [&](Database& db) {
    return list_documents(db, tenant.value, collection, query);
  });
}

}  // namespace durward::adapters::sqlite
