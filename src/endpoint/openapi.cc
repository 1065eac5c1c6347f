#include <algorithm>

#include "base/encoding.h"
#include "endpoint/endpoint.h"

namespace durward::endpoint {
namespace {

constexpr std::string_view error_ref = "#/components/schemas/Error";

json::Object reference(std::string_view path) {
  json::Object out;
  out["$ref"] = path;
  return out;
}

json::Object content(json::Object schema) {
  json::Object media, out;
  media["schema"] = std::move(schema);
  out["application/json"] = std::move(media);
  return out;
}

// The name of a body's component: an update asks for no required member, so it is a schema of its own.
std::string request_name(const Endpoint& row) {
  return std::string(row.body->name()) + (row.method == http::Method::patch ? "Patch" : "Request");
}

json::Object request_schema(const Endpoint& row) {
  auto schema = row.body->openapi(true);
  if (row.method == http::Method::patch) schema.erase("required");
  return schema;
}

json::Object parameter(std::string_view name, std::string_view in, bool needed, json::Object schema) {
  json::Object out;
  out["name"] = name;
  out["in"] = in;
  out["required"] = needed;
  out["schema"] = std::move(schema);
  return out;
}

json::Object query_schema(const QueryField& field) {
  const Field row{
      .path = field.name, .type = field.type, .min = field.min, .max = field.max, .values = field.values};
  const Schema schema("query", std::span(&row, 1));
  return schema.openapi(false).at("properties").as_object().begin()->value().as_object();
}

json::Array parameters(const Endpoint& row) {
  json::Array out;
  for (size_t at = row.path.find('{'); at != std::string::npos; at = row.path.find('{', at + 1)) {
    const size_t end = row.path.find('}', at);
    json::Object schema;
    schema["type"] = "string";
    out.push_back(parameter(row.path.substr(at + 1, end - at - 1), "path", true, std::move(schema)));
  }
  for (const auto& field : row.query)
    out.push_back(parameter(field.name, "query", field.flags & required, query_schema(field)));
  return out;
}

json::Object responses(const Endpoint& row) {
  json::Object out, ok;
  ok["description"] = http::reason_phrase(row.success);
  if (row.reply) ok["content"] = content(reference("#/components/schemas/" + std::string(row.reply->name())));
  out[std::to_string(row.success)] = std::move(ok);
  if (row.scopes.empty()) return out;
  for (const int status : {400, 401, 403, 404, 429}) {
    if (status == 404 && row.path.find('{') == std::string::npos) continue;
    json::Object error;
    error["description"] = http::reason_phrase(status);
    error["content"] = content(reference(error_ref));
    out[std::to_string(status)] = std::move(error);
  }
  return out;
}

json::Array security(const Endpoint& row) {
  json::Array out;
  for (const auto& scope : row.scopes) {
    json::Object requirement;
    requirement["bearer"] = json::Array{json::Value(scope)};
    out.push_back(std::move(requirement));
  }
  return out;
}

json::Object operation(const Endpoint& row) {
  json::Object out;
  out["operationId"] = row.id;
  if (!row.tag.empty()) out["tags"] = json::Array{json::Value(row.tag)};
  if (!row.summary.empty()) out["summary"] = row.summary;
  if (!row.open_because.empty()) out["description"] = "No scope: " + row.open_because;
  if (auto list = parameters(row); !list.empty()) out["parameters"] = std::move(list);
  if (row.body) {
    json::Object body;
    body["required"] = !row.body_optional;
    body["content"] = content(reference("#/components/schemas/" + request_name(row)));
    out["requestBody"] = std::move(body);
  }
  out["responses"] = responses(row);
  out["security"] = security(row);
  return out;
}

json::Object error_schema() {
  constexpr Field fields[] = {
      {.path = "statusCode", .type = Type::integer},
      {.path = "error", .doc = "The reason phrase of the status."},
      {.path = "message"},
      {.path = "errorCode", .doc = "A stable word; absent for some errors."},
  };
  return Schema("Error", fields).openapi(false);
}

json::Object components(const std::vector<Endpoint>& rows) {
  json::Object schemas;
  schemas["Error"] = error_schema();
  for (const auto& row : rows) {
    if (row.body) schemas[request_name(row)] = request_schema(row);
    if (row.reply) schemas[row.reply->name()] = row.reply->openapi(false);
  }
  json::Object bearer, schemes, out;
  bearer["type"] = "http";
  bearer["scheme"] = "bearer";
  schemes["bearer"] = std::move(bearer);
  out["schemas"] = std::move(schemas);
  out["securitySchemes"] = std::move(schemes);
  return out;
}

}  // namespace

json::Object openapi(const std::vector<Endpoint>& rows, std::string_view version) {
  json::Object info, paths, out;
  info["title"] = "Durward";
  info["version"] = version;
  for (const auto& row : rows) {
    auto& item = paths[row.path];
    if (!item.is_object()) item = json::Object();
    item.get_object()[to_lower(http::to_string(row.method))] = operation(row);
  }
  out["openapi"] = "3.1.0";
  out["info"] = std::move(info);
  out["paths"] = std::move(paths);
  out["components"] = components(rows);
  return out;
}

}  // namespace durward::endpoint
