#pragma once
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/random.h"

// A throw-away redis-server (or sentinel) on a free loopback port, gone with the object.
namespace durward::adapters::redis {

inline uint16_t free_port() {
  const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof at;
  if (::bind(fd, reinterpret_cast<sockaddr*>(&at), size) != 0 ||
      ::getsockname(fd, reinterpret_cast<sockaddr*>(&at), &size) != 0)
    throw std::runtime_error("no free port");
  ::close(fd);
  return ntohs(at.sin_port);
}

class RedisServer {
 public:
  // `arguments`: further options, e.g. {"--requirepass", "x"}.
  explicit RedisServer(std::vector<std::string> arguments = {}, uint16_t port = free_port())
      : port_(port), arguments_(std::move(arguments)) {
    std::filesystem::create_directories(directory_);
    start();
  }
  ~RedisServer() {
    kill();
    std::filesystem::remove_all(directory_);
  }
  RedisServer(const RedisServer&) = delete;

  uint16_t port() const { return port_; }
  // Runs `text` as a sentinel's configuration instead.
  static std::vector<std::string> sentinel(const std::string& text) { return {"SENTINEL", text}; }

  void start() {
    std::vector<std::string> words{"redis-server"};
    if (!arguments_.empty() && arguments_[0] == "SENTINEL") {
      const std::string path = directory_ + "/sentinel.conf";
      std::ofstream(path) << "port " << port_ << "\nbind 127.0.0.1\ndir " << directory_ << "\n"
                          << arguments_[1];
      words.insert(words.end(), {path, "--sentinel"});
      run(std::move(words), "+monitor master");
      return;
    }
    words.insert(words.end(), {"--port", std::to_string(port_), "--bind", "127.0.0.1", "--save", "",
                               "--appendonly", "no", "--dir", directory_});
    words.insert(words.end(), arguments_.begin(), arguments_.end());
    run(std::move(words), "Ready to accept connections");
  }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
    ::close(output_);
  }
  void pause() { ::kill(pid_, SIGSTOP); }
  void resume() { ::kill(pid_, SIGCONT); }
  // Reads what the server says until `text` comes.
  void wait_for(const std::string& text) {
    char chunk[4096];
    while (said_.find(text) == said_.npos) {
      const auto n = ::read(output_, chunk, sizeof chunk);
      if (n <= 0) throw std::runtime_error("redis-server ended: " + said_);
      said_.append(chunk, size_t(n));
    }
  }

 private:
  void run(std::vector<std::string> words, const std::string& ready) {
    std::vector<char*> raw;
    for (auto& word : words) raw.push_back(word.data());
    raw.push_back(nullptr);
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0) throw std::runtime_error("no pipe");
    pid_ = ::fork();
    if (pid_ == 0) {
      ::dup2(ends[1], 1);
      ::dup2(ends[1], 2);
      ::execvp(raw[0], raw.data());
      ::_exit(127);
    }
    ::close(ends[1]);
    output_ = ends[0];
    said_.clear();
    wait_for(ready);
  }

  const uint16_t port_;
  const std::vector<std::string> arguments_;
  const std::string directory_ =
      (std::filesystem::temp_directory_path() / "durward-redis-").string() + SystemRandom().hex(12);
  pid_t pid_ = 0;
  int output_ = -1;
  std::string said_;
};

}  // namespace durward::adapters::redis
