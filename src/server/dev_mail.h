#pragma once
#include <vector>

#include "adapters/mail/mail_catcher.h"
#include "endpoint/endpoint.h"

namespace durward::server {

// GET /dev/mail and /dev/mail/{id}: the caught mails of the host's tenant, as pages or, for Accept:
// application/json, as data. Mounted only when mails are caught, which production never does.
std::vector<endpoint::Endpoint> dev_mail_rows(const adapters::MailCatcher& catcher);

}  // namespace durward::server
