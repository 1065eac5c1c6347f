#include "adapters/sandbox/egress.h"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "base/log.h"
#include "crypto/hash.h"

namespace durward::adapters::sandbox {
namespace {

constexpr size_t host_max = 253;     // RFC 1035 §2.3.4
constexpr size_t waiting_max = 256;  // names of a tenant that wait to be looked up
constexpr size_t visitors_max = 256;
constexpr size_t ticket_size = 32, piece_size = 32 << 10;
constexpr Milliseconds accept_pause{100};
constexpr int moves_max = 8;  // of one connection before others get their turn

// What Node.js programs know of a failed connect(2).
const char* code_of(int error) {
  switch (error) {
    case ECONNREFUSED:
      return "ECONNREFUSED";
    case ECONNRESET:
      return "ECONNRESET";
    case ETIMEDOUT:
      return "ETIMEDOUT";
    case EMFILE:
    case ENFILE:
      return "EMFILE";
    default:
      return "EHOSTUNREACH";
  }
}

bool is_ipv4(const http::IpAddress& address) {
  constexpr std::array<uint8_t, 12> mapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return std::equal(mapped.begin(), mapped.end(), address.begin());
}

http::IpAddress address_of(const sockaddr& found) {
  http::IpAddress out{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  if (found.sa_family == AF_INET)
    std::memcpy(out.data() + 12, &reinterpret_cast<const sockaddr_in&>(found).sin_addr, 4);
  else
    std::memcpy(out.data(), &reinterpret_cast<const sockaddr_in6&>(found).sin6_addr, 16);
  return out;
}

// Blocks; on a thread for that.
std::vector<http::IpAddress> look_up(const std::string& host) {
  addrinfo hints = {}, *found = nullptr;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG;
  std::vector<http::IpAddress> out;
  if (::getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) return out;
  for (const addrinfo* one = found; one && out.size() < 16; one = one->ai_next)
    if (one->ai_family == AF_INET || one->ai_family == AF_INET6) out.push_back(address_of(*one->ai_addr));
  ::freeaddrinfo(found);
  return out;
}

// Begins; 0 when it is made or under way, else what failed.
int begin_connect(const Descriptor& descriptor, const http::IpAddress& address, uint16_t port) {
  sockaddr_in6 to6 = {};
  sockaddr_in to4 = {};
  to6.sin6_family = AF_INET6;
  to4.sin_family = AF_INET;
  to6.sin6_port = to4.sin_port = htons(port);
  std::memcpy(&to6.sin6_addr, address.data(), 16);
  std::memcpy(&to4.sin_addr, address.data() + 12, 4);
  const int failed = is_ipv4(address)
                         ? ::connect(descriptor.get(), reinterpret_cast<sockaddr*>(&to4), sizeof to4)
                         : ::connect(descriptor.get(), reinterpret_cast<sockaddr*>(&to6), sizeof to6);
  return failed == 0 || errno == EINPROGRESS ? 0 : errno;
}

bool is_host(const std::string& host) {
  return !host.empty() && host.size() <= host_max &&
         std::ranges::all_of(host, [](char c) { return c > ' ' && c < 0x7f && c != '%'; });
}

// One direction's end: what waits to be written to it.
struct Side {
  Descriptor descriptor;
  std::string waiting;
  bool is_readable = true, is_watched = false;
};

}  // namespace

struct Egress::Client {
  uint64_t id;
  domain::TenantId tenant;
  Worker* worker;
};

struct Egress::Question {
  uint64_t client;
  domain::TenantId tenant;
  int64_t call;
  std::string host;
  uint16_t port;  // 0: only its addresses are asked for
};

struct Egress::Tenant {
  std::deque<Question> waiting;
  size_t resolving = 0, links = 0;
};

struct Egress::Link {
  Question question;
  std::vector<http::IpAddress> addresses;  // still to be tried, last first
  http::IpAddress address{};
  std::string ticket;  // empty once it was used
  Side near, far;
  Reactor::Timer timer = 0;
  Reactor::Clock::time_point since = Reactor::Clock::now();
  int64_t bytes_out = 0, bytes_in = 0;
};

// A connection to the Unix socket that has not said its ticket.
struct Egress::Visitor {
  Descriptor descriptor;
  uint64_t client;
  std::string said;
  Reactor::Timer timer = 0;
};

Egress::Egress(Reactor& reactor, Random& random, EgressPolicy policy, EgressOptions options,
               metrics::Registry& registry)
    : reactor_(reactor),
      random_(random),
      policy_(std::move(policy)),
      options_(options),
      registry_(registry),
      bytes_out_(registry.counter("durward_egress_bytes_total",
                                  "Bytes between customers' code and the internet.", "direction=\"out\"")),
      bytes_in_(registry.counter("durward_egress_bytes_total",
                                 "Bytes between customers' code and the internet.", "direction=\"in\"")),
      open_(registry.gauge("durward_egress_connections", "Open connections of customers' code.")),
      resolver_(std::make_unique<ThreadPool>("egress-names", options.resolver_threads, 1024)) {}

Result<std::unique_ptr<Egress>> Egress::open(Reactor& reactor, Random& random, EgressPolicy policy,
                                             EgressOptions options, metrics::Registry& registry) {
  std::unique_ptr<Egress> egress(new Egress(reactor, random, std::move(policy), options, registry));
  ENSURE(egress->listen());
  return egress;
}

Egress::~Egress() {
  resolver_.reset();  // answers are posted, and forgotten with the reactor
  while (!links_.empty()) close(links_.front(), "stopped");
  while (!visitors_.empty()) forget(visitors_.front());
  if (listener_) reactor_.forget(listener_.get());
  if (!path_.empty()) ::unlink(path_.c_str());
  if (!folder_.empty()) ::rmdir(folder_.c_str());
}

// In a folder that nobody can list. A worker may run as another user than this process, so the socket itself
// is open to all; who comes is asked of the kernel.
Result<> Egress::listen() {
  const auto failed = [] {
    return fail(ErrorKind::unavailable, "no_egress", "The way out of the sandbox cannot be made.",
                std::strerror(errno));
  };
  const char* place = ::getenv("TMPDIR");
  std::string folder = std::string(place && *place ? place : "/tmp") + "/durward-egress-XXXXXX";
  if (!::mkdtemp(folder.data())) return failed();
  folder_ = folder;
  path_ = folder_ + "/socket";
  sockaddr_un address = {};
  address.sun_family = AF_UNIX;
  if (path_.size() >= sizeof address.sun_path) return failed();
  std::memcpy(address.sun_path, path_.data(), path_.size());
  listener_ = Descriptor(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!listener_ || ::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0 ||
      ::chmod(path_.c_str(), 0666) != 0 || ::chmod(folder_.c_str(), 0711) != 0 ||
      ::listen(listener_.get(), 128) != 0)
    return failed();
  reactor_.watch(listener_.get(), EPOLLIN, [this](uint32_t) { accept(); });
  return {};
}

Egress::Client& Egress::client_of(domain::TenantId tenant, Worker& worker) {
  for (auto& [id, client] : clients_)
    if (client.worker == &worker) return client;
  const uint64_t id = ++last_client_;
  return clients_.emplace(id, Client{id, tenant, &worker}).first->second;
}

void Egress::gone(const Worker& worker) {
  const auto found =
      std::ranges::find_if(clients_, [&](const auto& entry) { return entry.second.worker == &worker; });
  if (found == clients_.end()) return;
  const uint64_t id = found->first;
  clients_.erase(found);
  for (auto link = links_.begin(); link != links_.end();) {
    Link& one = *link++;
    if (one.question.client == id) close(one, "worker ended");
  }
  for (auto visitor = visitors_.begin(); visitor != visitors_.end();) {
    Visitor& one = *visitor++;
    if (one.client == id) forget(one);
  }
}

void Egress::reply(uint64_t client, std::string text) {
  if (const auto found = clients_.find(client); found != clients_.end())
    found->second.worker->answer(std::move(text));
}

void Egress::refuse(uint64_t client, int64_t call, const char* code, const std::string& message) {
  registry_
      .counter("durward_egress_refused_total", "Connections that customers' code asked for and did not get.",
               "code=\"" + std::string(code) + "\"")
      .add();
  reply(client, refusal_message(call, code, message));
}

void Egress::question(domain::TenantId tenant, Worker& worker, const Message& message) {
  const uint64_t client = client_of(tenant, worker).id;
  const bool connects = message.method == "connect";
  const int64_t port = connects ? json::integer_or(message.params, "port", 0) : 0;
  Question question{client, tenant, message.call, json::string_or(message.params, "host"), uint16_t(port)};
  if (!connects && message.method != "lookup")
    return refuse(client, message.call, "ENOSYS", "there is no such question");
  if (!is_host(question.host)) return refuse(client, message.call, "ENOTFOUND", "the host is no name");
  if (connects && (port < 1 || port > 65535))
    return refuse(client, message.call, "EACCES", "the port is not from 1 to 65535");
  Tenant& asking = tenants_[tenant];
  if (asking.links + asking.waiting.size() + asking.resolving >= options_.tenant_max ||
      links_.size() >= options_.connections_max || asking.waiting.size() >= waiting_max)
    return refuse(client, message.call, "EMFILE", "too many connections");
  asking.waiting.push_back(std::move(question));
  resolve_more(tenant);
}

// Few names of one tenant at once: a server of names that never answers holds up nobody else.
void Egress::resolve_more(domain::TenantId tenant) {
  Tenant& asking = tenants_[tenant];
  while (asking.resolving < options_.resolving_max && !asking.waiting.empty()) {
    Question question = std::move(asking.waiting.front());
    asking.waiting.pop_front();
    ++asking.resolving;
    const auto job = [this, question] {
      auto addresses = look_up(question.host);
      reactor_.post([this, question, addresses = std::move(addresses)] {
        --tenants_[question.tenant].resolving;
        judge(question, addresses);
        resolve_more(question.tenant);
        forget_if_quiet(question.tenant);
      });
    };
    if (resolver_->submit(job)) continue;
    --asking.resolving;
    refuse(question.client, question.call, "EMFILE", "too many names are looked up");
  }
}

void Egress::judge(Question question, std::vector<http::IpAddress> addresses) {
  if (!clients_.contains(question.client)) return;
  if (addresses.empty())
    return refuse(question.client, question.call, "ENOTFOUND", question.host + " is not found");
  const auto refused = std::ranges::find_if(
      addresses, [&](const auto& address) { return !policy_.allows(address, question.host, question.port); });
  if (refused == addresses.end())
    return question.port == 0 ? give_addresses(question, addresses)
                              : connect(std::move(question), std::move(addresses));
  log::warning("egress refused", {{"tenant_id", question.tenant.value},
                                  {"host", question.host},
                                  {"port", question.port},
                                  {"address", http::to_string(*refused)}});
  refuse(question.client, question.call, "EACCES",
         question.host + " is a private address (" + http::to_string(*refused) + ")");
}

void Egress::forget_if_quiet(domain::TenantId tenant) {
  const auto found = tenants_.find(tenant);
  if (found == tenants_.end()) return;
  const Tenant& known = found->second;
  if (known.links == 0 && known.resolving == 0 && known.waiting.empty()) tenants_.erase(found);
}

void Egress::give_addresses(const Question& question, const std::vector<http::IpAddress>& addresses) {
  json::Array list;
  for (const auto& address : addresses)
    list.push_back(json::Object{{"address", http::to_string(address)}, {"family", is_ipv4(address) ? 4 : 6}});
  reply(question.client, reply_message(question.call, {{"addresses", std::move(list)}}));
}

void Egress::connect(Question question, std::vector<http::IpAddress> addresses) {
  ++tenants_[question.tenant].links;
  open_.add(1);
  std::ranges::reverse(addresses);
  Link& link = links_.emplace_back();
  link.question = std::move(question);
  link.addresses = std::move(addresses);
  link.timer = reactor_.after(options_.connect, [this, &link] {
    refuse(link.question.client, link.question.call, "ETIMEDOUT", link.question.host + " does not answer");
    close(link, "not reached in time");
  });
  try_next(link);
}

void Egress::try_next(Link& link) {
  int error = EHOSTUNREACH;
  while (!link.addresses.empty()) {
    link.address = link.addresses.back();
    link.addresses.pop_back();
    if (link.far.descriptor) {
      reactor_.forget(link.far.descriptor.get());
      link.far.descriptor.close();
    }
    link.far.descriptor = Descriptor(
        ::socket(is_ipv4(link.address) ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    error =
        link.far.descriptor ? begin_connect(link.far.descriptor, link.address, link.question.port) : errno;
    if (error != 0) continue;
    reactor_.watch(link.far.descriptor.get(), EPOLLOUT, [this, &link](uint32_t) { connected(link); });
    return;
  }
  refuse(link.question.client, link.question.call, code_of(error),
         "connect to " + link.question.host + ":" + std::to_string(link.question.port) + " failed");
  close(link, "not reached");
}

void Egress::connected(Link& link) {
  int error = 0;
  socklen_t size = sizeof error;
  ::getsockopt(link.far.descriptor.get(), SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0 && !link.addresses.empty()) return try_next(link);
  if (error != 0) {
    refuse(
        link.question.client, link.question.call, code_of(error),
        "connect to " + http::to_string(link.address) + ":" + std::to_string(link.question.port) + " failed");
    return close(link, code_of(error));
  }
  const int yes = 1;
  ::setsockopt(link.far.descriptor.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  // Nothing is read before somebody comes for it.
  reactor_.forget(link.far.descriptor.get());
  link.ticket = random_.hex(ticket_size);
  reactor_.cancel(link.timer);
  link.timer = reactor_.after(options_.collect, [this, &link] { close(link, "not collected"); });
  reply(link.question.client, reply_message(link.question.call, {{"ticket", link.ticket},
                                                                 {"address", http::to_string(link.address)},
                                                                 {"port", link.question.port}}));
}

// The kernel says which process connected; it has to be one that has a tenant.
void Egress::accept() {
  for (;;) {
    Descriptor descriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!descriptor && (errno == EMFILE || errno == ENFILE)) return pause_accepting();
    if (!descriptor) return;
    ucred peer = {};
    socklen_t size = sizeof peer;
    ::getsockopt(descriptor.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size);
    const auto client = std::ranges::find_if(
        clients_, [&](const auto& entry) { return peer.pid > 0 && entry.second.worker->pid() == peer.pid; });
    if (client == clients_.end() || visitors_.size() >= visitors_max) continue;
    visitors_.push_back({std::move(descriptor), client->first, {}});
    Visitor& visitor = visitors_.back();
    visitor.timer = reactor_.after(options_.collect, [this, &visitor] { forget(visitor); });
    reactor_.watch(visitor.descriptor.get(), EPOLLIN, [this, &visitor](uint32_t) { read_ticket(visitor); });
  }
}

// Without a free descriptor the kernel would go on telling of who waits.
void Egress::pause_accepting() {
  reactor_.change(listener_.get(), 0);
  reactor_.after(accept_pause, [this] { reactor_.change(listener_.get(), EPOLLIN); });
}

void Egress::forget(Visitor& visitor) {
  if (visitor.descriptor) reactor_.forget(visitor.descriptor.get());
  reactor_.cancel(visitor.timer);
  visitors_.remove_if([&](const Visitor& one) { return &one == &visitor; });
}

void Egress::read_ticket(Visitor& visitor) {
  std::array<char, 4096> piece;
  const auto size = ::recv(visitor.descriptor.get(), piece.data(), piece.size(), 0);
  if (size < 0 && errno == EAGAIN) return;
  if (size <= 0) return forget(visitor);
  visitor.said.append(piece.data(), size_t(size));
  const size_t end = visitor.said.find('\n');
  if (end == visitor.said.npos && visitor.said.size() <= ticket_size) return;
  if (end != ticket_size) return forget(visitor);
  const std::string ticket = visitor.said.substr(0, end);
  collect(visitor, ticket, visitor.said.substr(end + 1));
  forget(visitor);
}

void Egress::collect(Visitor& visitor, const std::string& ticket, std::string rest) {
  for (Link& link : links_) {
    if (link.question.client != visitor.client || link.ticket.empty() ||
        !crypto::equal_constant_time(link.ticket, ticket))
      continue;
    link.ticket.clear();
    reactor_.forget(visitor.descriptor.get());
    link.near.descriptor = std::move(visitor.descriptor);
    link.bytes_out += int64_t(rest.size());
    bytes_out_.add(rest.size());
    link.far.waiting = std::move(rest);
    reactor_.cancel(link.timer);
    link.timer = reactor_.after(options_.life, [this, &link] { close(link, "its time is over"); });
    return serve(link, true, EPOLLIN);
  }
}

// Moves what can be moved either way.
void Egress::serve(Link& link, bool is_near, uint32_t events) {
  Side& side = is_near ? link.near : link.far;
  Side& other = is_near ? link.far : link.near;
  const bool is_gone = events & (EPOLLHUP | EPOLLERR);
  if (is_gone && is_near && !side.is_readable && other.waiting.empty()) return close(link, "ended");
  // The kernel goes on telling, although there is nothing to do before the other side took what waits.
  if (is_gone && (!side.is_readable || !other.waiting.empty())) {
    reactor_.forget(side.descriptor.get());
    side.is_watched = false;
  }
  for (const bool from_near : {true, false})
    if (!move(link, from_near)) return;
  if (link.bytes_out + link.bytes_in > options_.bytes_max) return close(link, "its bytes are used up");
  if (!link.near.is_readable && !link.far.is_readable && link.near.waiting.empty() &&
      link.far.waiting.empty())
    return close(link, "ended");
  interest(link);
}

// False when the link is gone.
bool Egress::move(Link& link, bool from_near) {
  Side& from = from_near ? link.near : link.far;
  Side& to = from_near ? link.far : link.near;
  std::array<char, piece_size> piece;
  for (int i = 0; i < moves_max; ++i) {
    if (to.waiting.empty() && from.is_readable) {
      const auto size = ::recv(from.descriptor.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (size < 0 && errno == EAGAIN) return true;
      if (size < 0) return close(link, "reset"), false;
      if (size == 0) {
        from.is_readable = false;
        ::shutdown(to.descriptor.get(), SHUT_WR);
        return true;
      }
      to.waiting.assign(piece.data(), size_t(size));
      (from_near ? link.bytes_out : link.bytes_in) += size;
      (from_near ? bytes_out_ : bytes_in_).add(uint64_t(size));
    }
    if (to.waiting.empty()) return true;
    const auto size =
        ::send(to.descriptor.get(), to.waiting.data(), to.waiting.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0 && errno == EAGAIN) return true;
    if (size < 0) return close(link, "reset"), false;
    to.waiting.erase(0, size_t(size));
    if (!to.waiting.empty()) return true;
  }
  return true;
}

void Egress::interest(Link& link) {
  for (const bool is_near : {true, false}) {
    Side& side = is_near ? link.near : link.far;
    const Side& other = is_near ? link.far : link.near;
    const uint32_t events = (side.is_readable && other.waiting.empty() ? uint32_t(EPOLLIN) : 0) |
                            (side.waiting.empty() ? 0 : uint32_t(EPOLLOUT));
    if (side.is_watched) {
      reactor_.change(side.descriptor.get(), events);
    } else if (events != 0) {
      side.is_watched = true;
      reactor_.watch(side.descriptor.get(), events,
                     [this, &link, is_near](uint32_t happened) { serve(link, is_near, happened); });
    }
  }
}

void Egress::close(Link& link, const char* how) {
  reactor_.cancel(link.timer);
  for (const Side* side : {&link.near, &link.far})
    if (side->descriptor) reactor_.forget(side->descriptor.get());
  const auto& question = link.question;
  const auto time = std::chrono::duration_cast<Milliseconds>(Reactor::Clock::now() - link.since);
  log::info("egress", {{"tenant_id", question.tenant.value},
                       {"host", question.host},
                       {"port", question.port},
                       {"address", http::to_string(link.address)},
                       {"bytes_out", link.bytes_out},
                       {"bytes_in", link.bytes_in},
                       {"milliseconds", time.count()},
                       {"end", how}});
  open_.add(-1);
  --tenants_[question.tenant].links;
  forget_if_quiet(question.tenant);
  links_.remove_if([&](const Link& one) { return &one == &link; });
}

}  // namespace durward::adapters::sandbox
