#pragma once
#include <memory>
#include <unordered_map>
#include <unordered_set>

#include "adapters/sandbox/confinement.h"
#include "adapters/sandbox/frames.h"
#include "adapters/sandbox/job.h"
#include "base/clock.h"

namespace durward::adapters::sandbox {

struct WorkerSettings {
  ConfinementOptions confinement;
  std::string filter;                 // syscall_filter()
  Milliseconds start_within{30'000};  // until it says that it is ready
  Milliseconds cancel_within{1'000};  // for a run that its deadline ended; stuck code does not answer
  Milliseconds linger{1'000};         // of background work after the last run; then the process stands still
  size_t run_bytes_max = 6 << 20;     // that a worker may say about one run
  size_t noise_max = 1 << 20;         // to standard output and error, and about runs that are over
  size_t questions_max = 256;         // unanswered
  size_t scripts_max = 256;           // remembered by it
};

// Why a worker ended.
enum class Ending { idle, old, timeout, memory, crashed, output, broken };
inline constexpr Ending endings[] = {Ending::idle,    Ending::old,    Ending::timeout, Ending::memory,
                                     Ending::crashed, Ending::output, Ending::broken};
std::string_view to_string(Ending ending);

// One sandboxed process and the runs under way in it. Belongs to a reactor's thread.
class Worker {
 public:
  // Called on that thread. A worker may be destroyed in on_ended() only by a job posted for later.
  class Owner {
   public:
    virtual ~Owner() = default;
    virtual void on_ready(Worker& worker) = 0;
    virtual void on_done(Worker& worker, Job& job) = 0;             // also when the worker was killed
    virtual void on_question(Worker& worker, Message message) = 0;  // to be answered with answer()
    virtual void on_ended(Worker& worker) = 0;                      // it has been waited for; the last call
  };

  // Starts the process. Error: unavailable/"no_process".
  static Result<std::unique_ptr<Worker>> start(Reactor& reactor, const Clock& clock,
                                               const WorkerSettings& settings, Owner& owner);
  ~Worker();

  void run(Job& job);     // only when ready
  void expire(Job& job);  // its deadline came: the run is cancelled, and what does not yield is killed
  void answer(std::string reply);
  void end(Ending why);  // kills; runs under way are concluded at once

  bool is_ready() const { return state_ == State::ready; }
  bool is_ended() const { return state_ == State::ended; }
  // It should be replaced: it said so, a run of it was cancelled, or it remembers too much.
  bool is_worn() const { return worn_; }
  size_t under_way() const { return runs_.size(); }
  Reactor::Clock::time_point oldest() const;  // when the oldest run under way was sent
  Ending ending() const { return ending_; }
  pid_t pid() const { return pid_; }  // of the process inside, as this host counts
  const std::string& last_words() const { return noise_tail_; }

 private:
  enum class State { starting, ready, ended };
  Worker(Reactor& reactor, const Clock& clock, const WorkerSettings& settings, Owner& owner);
  Result<> launch();
  void watch();
  void read_info();
  void read_control();
  void read_noise();
  void hear(std::string_view bytes);
  void handle(Message message);
  void on_message_of_run(Job& job, Message message);
  void take_result(Job& job, Message message);
  void finish(int64_t id);
  void stray(size_t bytes);
  void send(std::string frame);
  void write();
  void load(const ports::ScriptCall& call);
  void exited();
  Ending cause_of_exit() const;
  void kill();
  void conclude(Ending why, int64_t culprit);
  void conclude_job(Job& job, Ending why, bool is_neighbour);
  void rest();
  void stand_still();
  void go_on();
  int64_t id_of(const Job& job) const;

  Reactor& reactor_;
  const Clock& clock_;
  const WorkerSettings& settings_;
  Owner& owner_;

  State state_ = State::starting;
  Ending ending_ = Ending::crashed;
  Process process_;    // bubblewrap, which waits for the process inside
  Descriptor inside_;  // a pidfd of that
  pid_t pid_ = 0;
  Descriptor control_, noise_, info_, block_;
  std::string info_text_, noise_tail_, out_;
  size_t written_ = 0, noise_bytes_ = 0;
  bool is_writing_ = false, is_still_ = false, worn_ = false, closed_ = false;
  FrameReader reader_;
  Reactor::Timer start_timer_ = 0, rest_timer_ = 0, exit_timer_ = 0;
  std::unordered_map<int64_t, Reactor::Timer> cancelled_;
  std::unordered_map<int64_t, Job*> runs_;
  std::unordered_set<std::string> loaded_;
  size_t questions_ = 0;
  int64_t last_id_ = 0;
};

}  // namespace durward::adapters::sandbox
