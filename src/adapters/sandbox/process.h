#pragma once
#include <sys/resource.h>
#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace durward::adapters::sandbox {

// Owns a file descriptor.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(number_, other.number_);
    return *this;
  }
  ~Descriptor() { close(); }
  int get() const { return number_; }
  explicit operator bool() const { return number_ >= 0; }
  void close();

 private:
  int number_;
};

// A process as a descriptor (pidfd_open(2)), which never comes to mean another one. Empty when it is gone.
Descriptor handle_of(pid_t pid);
// Behind this process by so much, as nice(1) counts. Never in the child itself before it is another program:
// this process waits for that moment.
void stand_back(pid_t pid, int nice);
bool send_signal(const Descriptor& handle, int signal);

struct Limit {
  __rlimit_resource resource;
  rlim_t value;
};

struct Launch {
  std::vector<std::string> arguments;            // [0] is the absolute path of the program
  std::vector<std::string> environment;          // NAME=value
  std::vector<std::pair<int, int>> descriptors;  // ours and the number it has there; all others are closed
  std::vector<Limit> limits;                     // soft and hard
  int nice = 0;                                  // added to that of this process
};

// A process that was started; it is this object's to end and to wait for.
class Process {
 public:
  Process() = default;
  Process(pid_t pid, Descriptor handle) : pid_(pid), handle_(std::move(handle)) {}
  Process(Process&&) noexcept = default;
  Process& operator=(Process&&) noexcept = default;
  ~Process();  // kills and waits when that is still to be done

  int handle() const { return handle_.get(); }  // a pidfd: readable once it ended
  pid_t pid() const { return pid_; }
  void kill() const;  // with what it started, as far as that is in its process group
  // Once it ended: its exit code, or 128 and the signal that ended it, as a shell counts.
  int reap();

 private:
  pid_t pid_ = 0;
  Descriptor handle_;
};

// The program sees the limits, descriptors and environment above and nothing else of this process: signals
// have their defaults, it leads a process group, and its parent is the calling thread. Error:
// unavailable/"no_process", with the cause.
Result<Process> start(const Launch& launch);

}  // namespace durward::adapters::sandbox
