// A bare epoll loop that answers every request with the same bytes: the yardstick of jwks and discovery. Prints its port,
// serves until it is killed: responder BODY_BYTES.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

int main(int argc, char** argv) {
  const size_t body = argc > 1 ? size_t(std::atol(argv[1])) : 1000;
  const std::string reply = "HTTP/1.1 200 OK\r\nContent-Type: application/json; charset=utf-8\r\nContent-Length: " +
                            std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  if (bind(listener, reinterpret_cast<sockaddr*>(&address), size) || listen(listener, 512) ||
      getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size))
    return 1;
  std::printf("%d\n", ntohs(address.sin_port));
  std::fflush(stdout);
  const int poll = epoll_create1(0);
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener}};
  epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
  for (;;) {
    epoll_event ready[64];
    const int n = epoll_wait(poll, ready, 64, -1);
    for (int i = 0; i < n; ++i) {
      if (ready[i].data.fd == listener) {
        const int fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK);
        const int on = 1;
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        epoll_event more{.events = EPOLLIN, .data = {.fd = fd}};
        epoll_ctl(poll, EPOLL_CTL_ADD, fd, &more);
        continue;
      }
      char buffer[8192];
      const ssize_t got = read(ready[i].data.fd, buffer, sizeof buffer);
      if (got <= 0) {
        close(ready[i].data.fd);
        continue;
      }
      const std::string_view text(buffer, size_t(got));
      for (size_t at = 0; (at = text.find("\r\n\r\n", at)) != text.npos; at += 4)
        if (write(ready[i].data.fd, reply.data(), reply.size()) < 0) break;
    }
  }
}
