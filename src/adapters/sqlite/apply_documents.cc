#include "adapters/sqlite/apply.h"

namespace durward::adapters::sqlite {

namespace {
std::unexpected<Error> exists(std::string key) {
  return fail(ErrorKind::conflict, "document_exists", "A document with this key exists already.",
              std::move(key));
}
std::unexpected<Error> missing() { return fail(ErrorKind::not_found, "not_found"); }
}  // namespace

Result<> Applier::one(const ports::InsertDocument& w) {
  const auto& d = w.document;
  effects_.configuration = true;
  if (!db_.run("INSERT INTO documents(tenant,collection,id,version,created_at,updated_at,body) "
               "VALUES(?,?,?,?,?,?,?)",
               tenant_, to_string(w.collection), d.id, d.version, d.created_at, d.updated_at,
               json::serialize(d.body)))
    return exists("id");
  return insert_keys(w.collection, db_.last_row(), w.keys);
}

Result<> Applier::one(const ports::ReplaceDocument& w) {
  const auto& d = w.document;
  effects_.configuration = true;
  TRY(const int64_t row, document_row(w.collection, d.id));
  db_.run("UPDATE documents SET version=version+1, updated_at=?, body=? WHERE row=? AND version=?",
          d.updated_at, json::serialize(d.body), row, d.version);
  if (db_.changes() == 0)
    return fail(ErrorKind::conflict, "version_changed", "The document was changed meanwhile.");
  db_.run("DELETE FROM document_keys WHERE document=?", row);
  return insert_keys(w.collection, row, w.keys);
}

Result<> Applier::one(const ports::RemoveDocument& w) {
  effects_.configuration = true;
  TRY(const int64_t row, document_row(w.collection, w.id));
  remove_document(row);
  return {};
}

Result<> Applier::one(const ports::RemoveDocumentsBy& w) {
  std::vector<int64_t> rows;
  {
    auto q =
        db_.query("SELECT document FROM document_keys WHERE tenant=? AND collection=? AND name=? AND value=?",
                  tenant_, to_string(w.collection), w.key, w.value);
    while (q.step()) rows.push_back(q.integer(0));
  }
  for (const int64_t row : rows) remove_document(row);
  if (!rows.empty()) effects_.configuration = true;
  return {};
}

Result<int64_t> Applier::document_row(ports::Collection collection, const std::string& id) {
  auto q = db_.query("SELECT row FROM documents WHERE tenant=? AND collection=? AND id=?", tenant_,
                     to_string(collection), id);
  if (!q.step()) return missing();
  return q.integer(0);
}

Result<> Applier::insert_keys(ports::Collection collection, int64_t row,
                              const std::vector<ports::DocumentKey>& keys) {
  for (const auto& key : keys) {
    // The same value twice on one document is fine, on two documents only when the key is not unique.
    const bool present = db_.query(
                                "SELECT 1 FROM document_keys WHERE tenant=? AND collection=? AND name=? AND "
                                "value=? AND document=?",
                                tenant_, to_string(collection), key.name, key.value, row)
                             .step();
    if (present) continue;
    if (!db_.run(
            "INSERT INTO document_keys(tenant,collection,name,value,document,is_unique) VALUES(?,?,?,?,?,?)",
            tenant_, to_string(collection), key.name, key.value, row, key.unique))
      return exists(key.name);
  }
  return {};
}

void Applier::remove_document(int64_t row) {
  db_.run("DELETE FROM document_keys WHERE document=?", row);
  db_.run("DELETE FROM documents WHERE row=?", row);
}

}  // namespace durward::adapters::sqlite
