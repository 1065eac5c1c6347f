#pragma once
#include <optional>
#include <string_view>

#include "adapters/hashing/fair_queue.h"

// What the lanes' pool decides, without threads and clocks: pure functions.
namespace durward::adapters {

// Why a password is not hashed.
enum class Shed {
  queue_full,    // too many wait
  tenant_share,  // too many of this tenant wait
  late,          // it would be done after its end
  expired        // its end came while it waited
};
inline constexpr Shed shed_reasons[] = {Shed::queue_full, Shed::tenant_share, Shed::late, Shed::expired};
std::string_view name_of(Shed reason);

// The lanes of all threads at one moment.
struct LaneLoad {
  size_t lanes = 0, busy = 0;
  uint64_t work = 0;  // of the hashes in them, each counted whole
  double pace = 0;    // seconds that a unit of work takes in a lane while all lanes are busy; 0: not known

  double seconds_for(uint64_t work_of_all) const {
    return lanes ? pace * double(work_of_all) / double(lanes) : 0;
  }
};

// Until a lane is free for a hash that has `work_before` before it in the queue.
double expected_wait(const LaneLoad& load, uint64_t work_before);

// Whether a hash may wait. Nobody is refused for time while a lane is free: measured times may be wrong, and
// only hashing corrects them.
std::optional<Shed> refusal(const FairQueue& queue, const FairQueue::Waiter& waiter, const LaneLoad& load,
                            FairQueue::Time now);

// How many lanes a thread may have busy, when `hashes` wait or run: they are spread over the threads, so that
// up to one a thread has a core for itself and up to two share one, and all lanes are used under load.
// Nothing waits while a lane is free. docs/adr/0018-hashing.md has what 1, 2 and 5 lanes give.
size_t lanes_open(size_t hashes, size_t threads, size_t lanes_of_a_thread);

// Steps (expansions in all lanes) of a thread between the beginnings of two hashes, the first of which has so
// much work: two milliseconds, and fifteen in a backlog, where they cost nobody anything. Hashes that begin
// together end together: what their logins do then would stand in the way of everything else that the process
// answers, and who comes in between would wait for a whole hash until a lane is free.
uint64_t steps_apart(uint64_t work, bool is_backlog);

// Whole seconds, from one to a minute.
int retry_after(double seconds);

}  // namespace durward::adapters
