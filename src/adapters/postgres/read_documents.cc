#include <algorithm>

#include "adapters/postgres/readers.h"
#include "adapters/records/records.h"

namespace durward::adapters::postgres {

using namespace records;
using ports::Collection;
using ports::Document;

namespace {
constexpr size_t equals_max = 8;

Document document_of(const Rows& q) {
  return {q.text(1), stored_object(q.view(2)), q.integer(3), q.time(4), q.time(5)};
}

// A fixed text for each number of keys; the first one leads, because its index is already in order of
// creation.
std::string conditions(size_t keys) {
  if (keys == 0) return " FROM documents d WHERE d.tenant=? AND d.collection=?";
  std::string sql =
      " FROM document_keys k JOIN documents d ON d.row=k.document "
      "WHERE k.tenant=? AND k.collection=? AND k.name=? AND k.value=?";
  for (size_t i = 1; i < keys; ++i)
    sql +=
        " AND EXISTS(SELECT 1 FROM document_keys m WHERE m.tenant=d.tenant AND m.collection=d.collection "
        "AND m.name=? AND m.value=? AND m.document=d.row)";
  return sql;
}

Statement bound(const std::string& sql, int64_t tenant, Collection collection,
                const ports::DocumentQuery& query) {
  auto s = Statement::composed(sql);
  s.bind_all(tenant, ports::to_string(collection));
  for (const auto& [name, value] : query.equals) s.bind_all(name, value);
  return s;
}

ports::DocumentPage page_of(std::vector<Rows> answer, int64_t limit) {
  ports::DocumentPage page;
  int64_t last = 0;
  for (auto& q = answer[0]; q.step(); last = q.integer(0)) {
    if (int64_t(page.items.size()) == limit) {
      page.next = std::to_string(last);
      break;
    }
    page.items.push_back(document_of(q));
  }
  if (answer.size() > 1 && answer[1].step()) page.total = answer[1].integer(0);
  return page;
}
}  // namespace

PostgresDocuments::PostgresDocuments(Context context)
    : c_(std::move(context)),
      find_(ReadCounters(c_.registry, "documents")("find")),
      find_by_(ReadCounters(c_.registry, "documents")("find_by")),
      list_(ReadCounters(c_.registry, "documents")("list")) {}

Async<std::optional<Document>> PostgresDocuments::find(domain::TenantId tenant, Collection collection,
                                                       std::string id) {
  co_return co_await read_one(
      c_.pool, find_,
      Statement::fixed("SELECT row,id,body,version,created_at,updated_at FROM documents "
                       "WHERE tenant=$1 AND collection=$2 AND id=$3",
                       tenant.value, ports::to_string(collection), id),
      document_of);
}

Async<std::optional<Document>> PostgresDocuments::find_by(domain::TenantId tenant, Collection collection,
                                                          std::string key, std::string value) {
  co_return co_await read_one(
      c_.pool, find_by_,
      Statement::fixed("SELECT d.row,d.id,d.body,d.version,d.created_at,d.updated_at FROM document_keys k "
                       "JOIN documents d ON d.row=k.document WHERE k.tenant=$1 AND k.collection=$2 AND "
                       "k.name=$3 AND k.value=$4 ORDER BY k.document LIMIT 1",
                       tenant.value, ports::to_string(collection), key, value),
      document_of);
}

Async<ports::DocumentPage> PostgresDocuments::list(domain::TenantId tenant, Collection collection,
                                                   ports::DocumentQuery query) {
  CO_TRY(const int64_t after, parse_after(query.after));
  if (query.equals.size() > equals_max)
    co_return fail(ErrorKind::invalid, "invalid_query_string", "The query has too many conditions.");
  const auto limit = page_limit(query.limit);
  const auto from = conditions(query.equals.size());
  Batch batch;
  batch.push_back(bound("SELECT d.row,d.id,d.body,d.version,d.created_at,d.updated_at" + from +
                            " AND d.row>? ORDER BY d.row LIMIT ? OFFSET ?",
                        tenant.value, collection, query));
  batch.back().bind_all(after, limit + 1, query.after ? 0 : std::max<int64_t>(0, query.offset));
  if (query.want_total) batch.push_back(bound("SELECT count(*)" + from, tenant.value, collection, query));
  CO_TRY(auto answer, co_await read(c_.pool, list_, Way::own_read, std::move(batch)));
  co_return page_of(std::move(answer), limit);
}

}  // namespace durward::adapters::postgres
