#pragma once
#include <arpa/inet.h>
#include <fcntl.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

namespace durward::adapters::postgres {

// A throw-away PostgreSQL server of the test process: its files in a temporary folder, a free port, nothing
// durable. It ends with the process, also when that is killed. Servers refuse to run as root, so root lends
// it another user.
class TestCluster {
 public:
  // The one of this process, started at its first use.
  static TestCluster& shared() {
    static TestCluster cluster;
    return cluster;
  }

  TestCluster() : port_(free_port()) {
    make_folder();
    if (wait_for(run("initdb", {"-D", data(), "-U", "durward", "-A", "trust", "-E", "UTF8",
                                "--locale=C.UTF-8", "--no-sync", "--no-instructions"})) != 0)
      throw std::runtime_error("initdb failed");
    start();
  }
  // A streaming standby of another one.
  explicit TestCluster(const TestCluster& primary, std::vector<std::string> more = {}) : port_(free_port()) {
    make_folder();
    if (wait_for(
            run("pg_basebackup", {"-h", "127.0.0.1", "-p", std::to_string(primary.port_), "-U", "durward",
                                  "-D", data(), "-R", "-X", "stream", "-c", "fast", "--no-sync"})) != 0)
      throw std::runtime_error("pg_basebackup failed");
    start(std::move(more));
  }
  ~TestCluster() {
    kill();
    std::error_code ignored;
    std::filesystem::remove_all(folder_, ignored);
  }
  TestCluster& operator=(const TestCluster&) = delete;

  // On a thread that lives as long as the server is to: it ends with its thread.
  void start(std::vector<std::string> more = {}) {
    std::vector<std::string> words = {"-D", data(),
                                      "-k", folder_.string(),
                                      "-p", std::to_string(port_),
                                      "-c", "listen_addresses=127.0.0.1",
                                      "-c", "fsync=off",
                                      "-c", "full_page_writes=off",
                                      "-c", "max_connections=300",
                                      "-c", "deadlock_timeout=50ms",
                                      "-c", "wal_retrieve_retry_interval=100ms",
                                      "-c", "shared_buffers=64MB"};
    words.insert(words.end(), more.begin(), more.end());
    server_ = run("postgres", words);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (PQping(url("postgres").c_str()) != PQPING_OK) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("postgres does not start");
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }
  // As if the machine lost power, as far as processes are concerned.
  void kill() {
    if (server_ <= 0) return;
    resume();
    ::kill(server_, SIGQUIT);
    wait_for(std::exchange(server_, 0));
  }

  // SIGKILL to every process of it, as if the machine were lost.
  void kill_at_once() {
    signal_all(SIGKILL);
    if (server_ > 0) wait_for(std::exchange(server_, 0));
    paused_ = false;
  }
  // Its processes stop, its connections stay: a server that fell silent.
  void pause() {
    signal_all(SIGSTOP);
    paused_ = true;
  }
  void resume() {
    if (std::exchange(paused_, false)) signal_all(SIGCONT);
  }
  // A standby becomes a primary of its own; returns when it takes writes.
  void promote() {
    if (wait_for(run("pg_ctl", {"promote", "-s", "-w", "-D", data()})) != 0)
      throw std::runtime_error("pg_ctl promote failed");
  }
  // From now on a commit is acknowledged when this standby has it too.
  void acknowledge_with(const TestCluster&) {
    sql("postgres", "ALTER SYSTEM SET synchronous_standby_names='*'");
    sql("postgres", "SELECT pg_reload_conf()");
    wait_until("SELECT count(*) FROM pg_stat_replication WHERE sync_state='sync'", "1");
  }
  // Waits until a question has this answer, at most a minute.
  void wait_until(const std::string& question, const std::string& answer) const {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(60);
    while (sql("postgres", question) != answer) {
      if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("never so: " + question);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  std::string url(const std::string& database) const {
    return "postgres://durward@127.0.0.1:" + std::to_string(port_) + "/" + database;
  }
  uint16_t port() const { return port_; }

  // An empty database, or a copy of what `make` (given a URL) made once for all of that name.
  std::string create(const std::string& like = {}, const std::function<void(const std::string&)>& make = {}) {
    if (!like.empty() && std::ranges::find(templates_, like) == templates_.end()) {
      sql("postgres", "CREATE DATABASE " + like);
      make(url(like));
      templates_.push_back(like);
    }
    const std::string name = "d" + std::to_string(++databases_);
    sql("postgres", "CREATE DATABASE " + name + (like.empty() ? "" : " TEMPLATE " + like));
    return name;
  }
  // The same, and emptied and kept for the next when it is given back: making one takes a third of a second.
  std::string borrow(const std::string& like, const std::function<void(const std::string&)>& make) {
    if (spare_.empty()) return create(like, make);
    auto name = std::move(spare_.back());
    spare_.pop_back();
    return name;
  }
  void give_back(const std::string& name) {
    sql(name,
        "DO $$ DECLARE t text; BEGIN FOR t IN SELECT tablename FROM pg_tables WHERE schemaname='public' AND "
        "tablename NOT LIKE 'schema%' AND tablename NOT IN('node_numbers','partitions') LOOP EXECUTE 'DELETE "
        "FROM '||t; END LOOP; "
        "UPDATE node_numbers SET holder='',until=0; END $$");
    spare_.push_back(name);
  }
  void drop(const std::string& name) { sql("postgres", "DROP DATABASE " + name + " WITH (FORCE)"); }

  // The first column of the first row, or nothing.
  std::string sql(const std::string& database, const std::string& text) const {
    const std::unique_ptr<PGconn, void (*)(PGconn*)> conn(PQconnectdb(url(database).c_str()), PQfinish);
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(PQexec(conn.get(), text.c_str()), PQclear);
    const auto status = PQresultStatus(result.get());
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
      throw std::runtime_error(PQerrorMessage(conn.get()));
    return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
  }

 private:
  static const passwd* lent_user() {
    const passwd* postgres = ::getpwnam("postgres");
    return postgres ? postgres : ::getpwnam("nobody");
  }
  static uint16_t free_port() {
    const int s = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(s, reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(s, reinterpret_cast<sockaddr*>(&address), &size);
    ::close(s);
    return ntohs(address.sin_port);
  }
  static std::string program(const std::string& name) {
    for (int version = 30; version >= 15; --version)
      if (auto path = "/usr/lib/postgresql/" + std::to_string(version) + "/bin/" + name;
          std::filesystem::exists(path))
        return path;
    return name;
  }
  void make_folder() {
    std::string name = (std::filesystem::temp_directory_path() / "durward-pg-XXXXXX").string();
    folder_ = ::mkdtemp(name.data());
    const passwd* lent = ::getuid() == 0 ? lent_user() : nullptr;
    if (!lent) return;
    user_ = lent->pw_uid, group_ = lent->pw_gid;
    (void)!::chown(folder_.c_str(), user_, group_);
  }
  void signal_all(int signal) const {
    if (server_ <= 0) return;
    const auto server = std::to_string(server_);
    std::ifstream listed("/proc/" + server + "/task/" + server + "/children");
    // All of them before the first signal: a server that is gone has no children, and stopped ones would
    // stay.
    const std::vector<pid_t> children{std::istream_iterator<pid_t>(listed), {}};
    ::kill(server_, signal);
    for (const pid_t child : children) ::kill(child, signal);
  }
  std::string data() const { return (folder_ / "data").string(); }

  pid_t run(const std::string& name, std::vector<std::string> words) const {
    words.insert(words.begin(), program(name));
    std::vector<char*> arguments;
    for (auto& word : words) arguments.push_back(word.data());
    arguments.push_back(nullptr);
    const auto log = (folder_ / "log").string();
    const pid_t child = ::fork();
    if (child != 0) return child;
    if (user_ != 0 && (::setgid(group_) != 0 || ::setuid(user_) != 0)) ::_exit(126);
    ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
    const int out = ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execvp(arguments[0], arguments.data());
    ::_exit(127);
  }
  static int wait_for(pid_t child) {
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return status;
  }

  uint16_t port_;
  std::filesystem::path folder_;
  uid_t user_ = 0;
  gid_t group_ = 0;
  pid_t server_ = 0;
  bool paused_ = false;
  int databases_ = 0;
  std::vector<std::string> templates_, spare_;
};

}  // namespace durward::adapters::postgres
