#pragma once
#include <condition_variable>
#include <mutex>
#include <thread>

#include "adapters/postgres/connection.h"
#include "base/executor.h"
#include "base/metrics.h"
#include "base/random.h"

namespace durward::adapters::postgres {

// How a batch goes to the server.
enum class Way {
  shared_read,  // among others on a pipelined connection: must be short
  own_read,     // a connection of its own for the time: lists and searches
  write,        // the same, and never repeated unless the server said that nothing is stored
};

struct PoolOptions {
  Target target;
  size_t read_connections = 2, write_connections = 16;
  size_t reads_per_connection = 256;  // on the wire at once
  size_t queue_max = 8192;            // batches waiting beyond it fail with unavailable
  Milliseconds statement_timeout{5000};
  Milliseconds wait_max{2000};  // for a free connection, or for the server to come back
  Milliseconds back_off_min{50}, back_off_max{2000};
  int slow_tries_max = 2;          // of a read that gets no answer
  bool listens = true;             // to notifications
  std::string labels;              // of the gauges, when there are several pools
  Milliseconds heartbeat{1000};    // between questions whether the server is there
  Milliseconds silence_max{2000};  // without an answer to one
};

// All connections to one server (or to whichever of several hosts takes writes), driven by one thread. A lost
// connection is made again, after a jittered pause that grows; its reads are sent once more, its writes end
// as unavailable, because they may be stored. A server that answers nothing is found out by a question a
// second on the connection for notifications. When there was no connection at all for wait_max, requests fail
// at once until there is one again. Thread-safe.
class Pool {
 public:
  Pool(PoolOptions options, Random& random, metrics::Registry& registry);
  ~Pool();

  // What other processes notify, by payload; on the pool's thread. When the connection for notifications was
  // lost and is there again, `heard` is called with an empty payload, because some may be lost.
  void on_notification(std::function<void(std::string_view)> heard);
  // Returns when notifications are heard, or when they cannot be for now.
  void wait_for_notifications();

  // The batch as one transaction. Errors: see refusal_of(); unavailable when the queue is full, the server
  // away or the statement too slow. `timeout` is instead of statement_timeout; the batch must tell the
  // server.
  Async<std::vector<Rows>> run(Batch batch, Way way, std::optional<Milliseconds> timeout = {});
  // Idle connections are made anew, so that each finds the host that is right by now.
  void renew();
  bool is_reachable() const { return !is_away_; }
  void stop();  // finishes what is queued and refuses more; one caller

 private:
  struct Slot;
  struct Lane;
  struct Attempt;
  bool submit(Request& request, Way way);
  void work();
  void take_submitted();
  void take_attempts();
  void expire(Lane& lane, SteadyTime now);
  void lose_those_not_heard_since(SteadyTime then);
  void lose_idle();
  void dispatch(Lane& lane, SteadyTime now);
  Slot* free_slot(Lane& lane);
  void connect_more(Lane& lane, size_t wanted, SteadyTime now);
  void begin_attempt(Slot& slot);
  void adopt(Slot& slot, Result<Handle> made);
  void begin_listening(bool connected);
  void ask_whether_alive(SteadyTime now);
  void note_connections(SteadyTime now);
  void watch(Slot& slot);
  void serve(Slot& slot, uint32_t events);
  void lose(Slot& slot, const char* why, int tries);
  void end(Lane& lane, Request& request);
  void hear(Slot& slot);
  bool is_own(int process_id) const;
  Milliseconds pause_after(int failures);
  int milliseconds_to_next(SteadyTime now) const;
  bool is_idle() const;
  static void wait_again(Lane& lane, Request& request);
  void finish(Request& request);
  void wake() const;

  const PoolOptions options_;
  Random& random_;
  metrics::Counter &round_trips_read_, &round_trips_write_, &flushes_, &losses_;
  metrics::Gauge &open_, &queued_;
  metrics::Histogram& seconds_;
  const int epoll_, wake_;

  std::mutex mutex_;  // of what follows, up to `stopping_`
  std::vector<std::pair<Request*, Way>> submitted_;
  std::vector<Attempt> attempts_;
  std::function<void(std::string_view)> heard_;
  std::atomic<size_t> waiting_{0};
  std::atomic<bool> is_away_{false};
  bool stopping_ = false, tried_to_listen_ = false;
  std::atomic<bool> renew_{false};
  std::condition_variable tried_;

  // The thread's own.
  std::vector<std::unique_ptr<Lane>> lanes_;  // shared reads, own connections, notifications
  Request heartbeat_;
  SteadyTime next_heartbeat_;
  std::optional<SteadyTime> alone_since_;  // no connection is open
  std::unique_ptr<ThreadPool> connector_;
  std::thread thread_;
};

}  // namespace durward::adapters::postgres
