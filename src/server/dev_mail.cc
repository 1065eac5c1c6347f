#include "server/dev_mail.h"

#include <charconv>

#include "base/encoding.h"
#include "base/json.h"

namespace durward::server {
namespace {

using adapters::CaughtMail;
using adapters::MailCatcher;

// Mails are HTML of the tenant's making: no script runs, nothing is loaded but pictures, and no form is sent.
constexpr std::string_view policy =
    "default-src 'none'; style-src 'unsafe-inline'; img-src https: data:; form-action 'none'; "
    "frame-ancestors 'none'; "
    "base-uri 'none'";

http::Response page(int status, std::string_view title, std::string body) {
  auto response =
      http::html_response(status,
                          "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><meta name=\"viewport\" "
                          "content=\"width=device-width\"><title>" +
                              html_escape(title) +
                              "</title><style>body{font:16px/1.5 "
                              "system-ui,sans-serif;max-width:50rem;margin:2rem auto;padding:0 1rem}"
                              "td{padding:.25rem 1rem .25rem 0}pre{white-space:pre-wrap}</style><h1>" +
                              html_escape(title) + "</h1>" + body + "</html>");
  response.headers.set("Content-Security-Policy", std::string(policy));
  return response;
}

json::Object to_json(const CaughtMail& caught) {
  const auto& mail = caught.mail;
  return {
      {"id", caught.id},         {"at", to_iso8601(caught.at)},    {"to", mail.to},     {"from", mail.from},
      {"subject", mail.subject}, {"template", mail.template_name}, {"text", mail.text}, {"html", mail.html}};
}

bool wants_json(const http::Request& request) {
  return request.headers.get("accept").find("application/json") != std::string_view::npos;
}

Task<http::Response> list_mails(const MailCatcher& catcher, endpoint::RequestContext context,
                                http::Request request) {
  json::Array items;
  std::string rows;
  for (const auto& caught : catcher.list()) {
    if (caught.mail.tenant != context.tenant->name) continue;
    items.push_back(to_json(caught));
    rows += "<tr><td>" + html_escape(to_iso8601(caught.at)) + "<td>" + html_escape(caught.mail.to) +
            "<td><a href=\"/dev/mail/" + std::to_string(caught.id) + "\">" +
            html_escape(caught.mail.subject) + "</a>";
  }
  if (wants_json(request)) {
    std::reverse(items.begin(), items.end());  // data reads like a log, a page like a mailbox
    co_return http::json_response(200, json::serialize(json::Object{{"messages", std::move(items)}}));
  }
  if (rows.empty())
    co_return page(200, "Caught mail",
                   "<p>No mail was sent yet. Reload this page after an action that sends one.</p>");
  co_return page(200, "Caught mail", "<table>" + rows + "</table>");
}

std::optional<CaughtMail> find_mail(const MailCatcher& catcher, const std::string& tenant,
                                    std::string_view text) {
  int64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id);
  if (error != std::errc() || end != text.data() + text.size()) return {};
  auto caught = catcher.find(id);
  if (caught && caught->mail.tenant != tenant) caught.reset();
  return caught;
}

Task<http::Response> show_mail(const MailCatcher& catcher, endpoint::RequestContext context,
                               http::Request request, endpoint::PathParameters path) {
  const auto caught = find_mail(catcher, context.tenant->name, path.at(0).second);
  if (!caught) co_return page(404, "No such mail", "<p><a href=\"/dev/mail\">All mails</a></p>");
  if (wants_json(request)) co_return http::json_response(200, json::serialize(to_json(*caught)));
  const auto& mail = caught->mail;
  co_return page(200, mail.subject,
                 "<p>To " + html_escape(mail.to) + ", from " + html_escape(mail.from) +
                     " · <a href=\"/dev/mail\">All mails</a></p>" +
                     (mail.html.empty() ? "<pre>" + html_escape(mail.text) + "</pre>" : mail.html));
}

endpoint::Endpoint mail_row(std::string id, std::string path, std::string summary,
                            endpoint::ProtocolHandler handler) {
  endpoint::Endpoint row;
  row.id = std::move(id);
  row.method = http::Method::get;
  row.path = std::move(path);
  row.tag = "development";
  row.summary = std::move(summary);
  row.open_because = "only mounted where mails are caught instead of sent";
  row.handler = std::move(handler);
  return row;
}

}  // namespace

std::vector<endpoint::Endpoint> dev_mail_rows(const MailCatcher& catcher) {
  const auto* mails = &catcher;
  return {mail_row("dev_mails", "/dev/mail", "Caught mails",
                   [mails](auto context, auto request, auto) {
                     return list_mails(*mails, std::move(context), std::move(request));
                   }),
          mail_row("dev_mail", "/dev/mail/{id}", "One caught mail",
                   [mails](auto context, auto request, auto path) {
                     return show_mail(*mails, std::move(context), std::move(request), std::move(path));
                   })};
}

}  // namespace durward::server
