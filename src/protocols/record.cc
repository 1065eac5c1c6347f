#include "protocols/record.h"

namespace durward::protocols {

domain::LogRecord record_of(const endpoint::RequestContext& context, const domain::Client* client,
                            std::string type, std::string description) {
  domain::LogRecord log;
  log.date = context.now;
  log.type = std::move(type);
  log.description = std::move(description);
  if (client) {
    log.client_id = client->client_id;
    log.client_name = client->name;
  }
  log.ip = context.ip;
  log.user_agent = context.user_agent;
  log.hostname = context.host;
  return log;
}

}  // namespace durward::protocols
