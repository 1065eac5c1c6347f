#include "adapters/postgres/script.h"

namespace durward::adapters::postgres {

using ports::to_string;

namespace {
constexpr char exists[] = "A document with this key exists already.";
// $1 tenant, $2 collection, $3 id
const std::string document_row = "(SELECT row FROM documents WHERE tenant=$1 AND collection=$2 AND id=$3)";

const std::string insert_sql =
    "INSERT INTO documents(tenant,collection,id,version,created_at,updated_at,body) "
    "VALUES($1,$2,$3,$4,$5,$6,$7)";
const std::string replace_sql =
    guarded("UPDATE documents SET version=version+1,updated_at=$4,body=$5 WHERE row=" + document_row +
                " AND version=$6",
            "CASE WHEN EXISTS(SELECT 1 FROM documents WHERE tenant=$1 AND collection=$2 AND id=$3) "
            "THEN 'document_changed' ELSE 'not_found' END");
const std::string remove_keys_sql = "DELETE FROM document_keys WHERE document=" + document_row;
const std::string remove_sql =
    guarded("DELETE FROM documents WHERE tenant=$1 AND collection=$2 AND id=$3", "'not_found'");
const std::string remove_by_sql =
    "WITH gone AS (DELETE FROM documents WHERE row IN(SELECT document FROM document_keys "
    "WHERE tenant=$1 AND collection=$2 AND name=$3 AND value=$4) RETURNING row) "
    "DELETE FROM document_keys WHERE document IN(SELECT row FROM gone)";
// The same value twice on one document is fine, on two documents only when the key is not unique.
const std::string insert_key_sql =
    "INSERT INTO document_keys(tenant,collection,name,value,document,is_unique) VALUES($1,$2,$4,$5," +
    document_row + ",$6) ON CONFLICT(tenant,collection,name,value,document) DO NOTHING";
const std::string insert_plain_keys_sql =
    "INSERT INTO document_keys(tenant,collection,name,value,document,is_unique) "
    "SELECT $1,$2,k->>0,k->>1," +
    document_row +
    ",false FROM json_array_elements($4) k ON CONFLICT(tenant,collection,name,value,document) DO NOTHING";
}  // namespace

void Script::one(const ports::InsertDocument& w) {
  const auto& d = w.document;
  add(insert_sql, tenant_, to_string(w.collection), d.id, d.version, d.created_at, d.updated_at,
      Json{json::serialize(d.body)})
      .taken("document_exists", exists, "id");
  insert_keys(w.collection, d.id, w.keys);
}

void Script::one(const ports::ReplaceDocument& w) {
  const auto& d = w.document;
  add(replace_sql, tenant_, to_string(w.collection), d.id, d.updated_at, Json{json::serialize(d.body)},
      d.version);
  add(remove_keys_sql, tenant_, to_string(w.collection), d.id);
  insert_keys(w.collection, d.id, w.keys);
}

void Script::one(const ports::RemoveDocument& w) {
  add(remove_keys_sql, tenant_, to_string(w.collection), w.id);
  add(remove_sql, tenant_, to_string(w.collection), w.id);
}

void Script::one(const ports::RemoveDocumentsBy& w) {
  add(remove_by_sql, tenant_, to_string(w.collection), w.key, w.value);
}

// A unique key has a statement of its own, so that the error can name it; the others share one.
void Script::insert_keys(ports::Collection collection, const std::string& id,
                         const std::vector<ports::DocumentKey>& keys) {
  json::Array plain;
  for (const auto& key : keys) {
    if (key.unique)
      add(insert_key_sql, tenant_, to_string(collection), id, key.name, key.value, true)
          .taken("document_exists", exists, key.name);
    else
      plain.push_back(json::Array{json::Value(key.name), json::Value(key.value)});
  }
  if (!plain.empty())
    add(insert_plain_keys_sql, tenant_, to_string(collection), id,
        Json{json::serialize(json::Value(std::move(plain)))});
}

}  // namespace durward::adapters::postgres
