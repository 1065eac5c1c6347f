#pragma once
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>
#include <thread>

#include "base/random.h"

namespace durward::adapters {

// Debian's nats-server for a test: on a free port, its data in a temporary folder, gone with the object and
// with the test program.
class NatsServer {
 public:
  NatsServer()
      : folder_(std::filesystem::temp_directory_path() / ("durward-nats-" + SystemRandom().hex(12))) {
    std::filesystem::create_directories(folder_);
    start();
  }
  ~NatsServer() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  NatsServer(const NatsServer&) = delete;

  std::string url() const { return "nats://127.0.0.1:" + std::to_string(port_); }
  void kill() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = -1;
  }
  // On the same port, with what is on the disk.
  void start() {
    std::filesystem::remove(ports_file());
    run(port_ ? std::to_string(port_) : "-1");
    port_ = await_port();
  }
  // As after the loss of a disk.
  void lose_everything() { std::filesystem::remove_all(folder_ / "jetstream"); }

 private:
  std::filesystem::path ports_file() const {
    return folder_ / ("nats-server_" + std::to_string(pid_) + ".ports");
  }
  void run(const std::string& port) {
    const std::string store = folder_.string(), log = (folder_ / "log").string();
    pid_ = ::fork();
    if (pid_ < 0) throw std::runtime_error("fork");
    if (pid_ > 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execlp("nats-server", "nats-server", "-a", "127.0.0.1", "-p", port.c_str(), "-js", "-sd", store.c_str(),
             "-l", log.c_str(), "--ports_file_dir", store.c_str(), static_cast<char*>(nullptr));
    ::_exit(127);
  }
  // The server writes the file once it listens.
  int await_port() {
    for (;;) {
      std::ifstream file(ports_file());
      const std::string text((std::istreambuf_iterator<char>(file)), {});
      const auto at = text.find("127.0.0.1:");
      if (at != std::string::npos && text.find('}') != std::string::npos)
        return std::stoi(text.substr(at + 10));
      if (::waitpid(pid_, nullptr, WNOHANG) == pid_) {
        pid_ = -1;
        throw std::runtime_error("nats-server did not start; is it installed?");
      }
      std::this_thread::yield();
    }
  }

  const std::filesystem::path folder_;
  pid_t pid_ = -1;
  int port_ = 0;
};

}  // namespace durward::adapters
