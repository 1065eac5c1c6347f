#include "adapters/sandbox/worker.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "crypto/hash.h"

namespace durward::adapters::sandbox {
namespace {

constexpr size_t tail_max = 4096;
constexpr int reads_max = 32;  // of one descriptor before others get their turn
constexpr Milliseconds exit_within{1'000};

struct EndingRow {
  std::string_view name;     // in metrics
  std::string_view kind;     // of the script's error; empty: no fault of the script
  std::string_view message;  // of the script's error
};
constexpr EndingRow ending_rows[] = {
    {"idle", "", ""},
    {"old", "", ""},
    {"timeout", "timeout", "The script did not end in time."},
    {"memory", "memory", "The script needed more memory than it may have."},
    {"crashed", "crashed", "The process that ran the script ended."},
    {"output", "output", "The script said more than it may."},
    {"broken", "", ""},
};

// Both ends, closed in what is started unless it is given there.
struct Pair {
  Descriptor ours, theirs;
};
Result<Pair> made(int failed, const std::array<int, 2>& ends) {
  if (failed != 0) return fail(ErrorKind::unavailable, "no_process", "no descriptors for a worker");
  return Pair{Descriptor(ends[0]), Descriptor(ends[1])};
}
Result<Pair> stream() {
  std::array<int, 2> ends{};
  const int failed = ::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data());
  return made(failed, ends);
}
Result<Pair> pipe_from() {
  std::array<int, 2> ends{};
  const int failed = ::pipe2(ends.data(), O_CLOEXEC);
  return made(failed, ends);
}

void never_wait(const Descriptor& descriptor) { ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK); }

// V8's and the C++ library's last words when memory is refused.
bool speaks_of_memory(std::string_view text) {
  constexpr std::string_view words[] = {"out of memory", "Allocation failed", "bad_alloc", "OOM"};
  return std::ranges::any_of(words, [&](std::string_view word) { return text.find(word) != text.npos; });
}

}  // namespace

std::string_view to_string(Ending ending) { return ending_rows[size_t(ending)].name; }

Worker::Worker(Reactor& reactor, const Clock& clock, const WorkerSettings& settings, Owner& owner)
    : reactor_(reactor), clock_(clock), settings_(settings), owner_(owner) {}

Result<std::unique_ptr<Worker>> Worker::start(Reactor& reactor, const Clock& clock,
                                              const WorkerSettings& settings, Owner& owner) {
  std::unique_ptr<Worker> worker(new Worker(reactor, clock, settings, owner));
  ENSURE(worker->launch());
  worker->watch();
  return worker;
}

Worker::~Worker() {
  for (const auto* descriptor : {&control_, &noise_, &info_})
    if (*descriptor) reactor_.forget(descriptor->get());
  if (process_.handle() >= 0) reactor_.forget(process_.handle());
  for (auto* timer : {&start_timer_, &rest_timer_, &exit_timer_}) reactor_.cancel(*timer);
  for (auto& [id, timer] : cancelled_) reactor_.cancel(timer);
  if (process_.pid() > 0) kill();
}

Result<> Worker::launch() {
  TRY(auto control, stream());
  TRY(auto noise, pipe_from());
  TRY(auto info, pipe_from());
  TRY(auto block, pipe_from());
  const Descriptor null(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const Descriptor filter(::memfd_create("filter", MFD_CLOEXEC));
  if (!null || !filter ||
      ::pwrite(filter.get(), settings_.filter.data(), settings_.filter.size(), 0) !=
          ssize_t(settings_.filter.size()))
    return fail(ErrorKind::unavailable, "no_process", "no descriptors for a worker");
  Launch launch = worker_launch(settings_.confinement);
  launch.descriptors = {{null.get(), 0},
                        {noise.theirs.get(), 1},
                        {noise.theirs.get(), 2},
                        {control.theirs.get(), control_descriptor},
                        {filter.get(), filter_descriptor},
                        {info.theirs.get(), info_descriptor},
                        {block.ours.get(), block_descriptor}};
  TRY(process_, sandbox::start(launch));
  for (const auto* ours : {&control.ours, &noise.ours, &info.ours}) never_wait(*ours);
  control_ = std::move(control.ours);
  noise_ = std::move(noise.ours);
  info_ = std::move(info.ours);
  block_ = std::move(block.theirs);
  return {};
}

void Worker::watch() {
  reactor_.watch(control_.get(), EPOLLIN, [this](uint32_t events) {
    if (events & EPOLLOUT) write();
    if (events & ~uint32_t(EPOLLOUT)) read_control();
  });
  reactor_.watch(noise_.get(), EPOLLIN, [this](uint32_t) { read_noise(); });
  reactor_.watch(info_.get(), EPOLLIN, [this](uint32_t) { read_info(); });
  reactor_.watch(process_.handle(), EPOLLIN, [this](uint32_t) { exited(); });
  start_timer_ = reactor_.after(settings_.start_within, [this] { end(Ending::broken); });
}

// bubblewrap says which process of this host is the one inside, and lets it begin when we have a hold of it:
// before, its number cannot become another's.
void Worker::read_info() {
  std::array<char, 1024> piece;
  const auto size = ::read(info_.get(), piece.data(), piece.size());
  if (size > 0) info_text_.append(piece.data(), size_t(size));
  if (size > 0 && info_text_.find('}') == info_text_.npos && info_text_.size() < tail_max) return;
  reactor_.forget(info_.get());
  info_.close();
  const auto info = json::parse_object(info_text_);
  if (const auto pid = info ? json::integer(*info, "child-pid") : std::nullopt) {
    pid_ = pid_t(*pid);
    inside_ = handle_of(pid_);
    stand_back(pid_, settings_.confinement.nice);
  }
  block_.close();
}

void Worker::read_noise() {
  std::array<char, 4096> piece;
  for (int i = 0; i < reads_max; ++i) {
    const auto size = ::read(noise_.get(), piece.data(), piece.size());
    if (size == 0) reactor_.forget(noise_.get());
    if (size <= 0) return;
    noise_tail_.append(piece.data(), size_t(size));
    if (noise_tail_.size() > tail_max) noise_tail_.erase(0, noise_tail_.size() - tail_max);
    stray(size_t(size));
  }
}

void Worker::read_control() {
  std::array<char, 64 << 10> piece;
  for (int i = 0; i < reads_max && state_ != State::ended; ++i) {
    const auto size = ::recv(control_.get(), piece.data(), piece.size(), 0);
    if (size < 0) return;
    if (size == 0) {
      // What it was doing is known when it has been waited for, which comes at once.
      reactor_.forget(control_.get());
      closed_ = true;
      exit_timer_ = reactor_.after(exit_within, [this] { end(Ending::crashed); });
      return;
    }
    hear({piece.data(), size_t(size)});
  }
}

void Worker::hear(std::string_view bytes) {
  reader_.append(bytes);
  while (state_ != State::ended) {
    const auto text = reader_.next();
    if (text && !*text) return;
    auto message = text ? parse_message(**text) : std::unexpected(text.error());
    if (!message) return end(Ending::crashed);
    handle(*std::move(message));
  }
}

void Worker::handle(Message message) {
  switch (message.type) {
    case Message::Type::ready:
      if (state_ != State::starting) return stray(message.size);
      state_ = State::ready;
      reactor_.cancel(start_timer_);
      return owner_.on_ready(*this);
    case Message::Type::retire:
      worn_ = true;
      return;
    case Message::Type::call:
      stray(0);
      if (++questions_ <= settings_.questions_max) return owner_.on_question(*this, std::move(message));
      return answer(refusal_message(message.call, "EMFILE", "too many connections are asked for at once"));
    default:
      break;
  }
  const auto found = runs_.find(message.id);
  // A tenant's background work may speak of what is over; it is not listened to.
  if (found == runs_.end()) return stray(message.size);
  on_message_of_run(*found->second, std::move(message));
}

void Worker::on_message_of_run(Job& job, Message message) {
  const int64_t id = message.id;
  job.bytes += message.size;
  auto& results = job.outcome.results;
  const auto place = size_t(message.script);
  const bool is_possible = message.type == Message::Type::result ? place == results.size()
                           : message.type == Message::Type::console
                               ? place <= results.size() && place < job.call.scripts.size()
                               : true;
  if (job.bytes > settings_.run_bytes_max || !is_possible) {
    ending_ = is_possible ? Ending::output : Ending::crashed;
    kill();
    return conclude(ending_, id);
  }
  if (message.type == Message::Type::console)
    (place < results.size() ? results[place].console : job.said).push_back(std::move(message.line));
  else if (message.type == Message::Type::result)
    take_result(job, std::move(message));
  else {
    job.outcome.output = std::move(message.output);
    finish(id);
  }
}

// Names are ours and times are within the run's, whatever it says.
void Worker::take_result(Job& job, Message message) {
  auto result = std::move(message.result);
  const size_t place = job.outcome.results.size();
  if (place < job.call.scripts.size()) {
    result.id = job.call.scripts[place]->id;
    result.name = job.call.scripts[place]->name;
  }
  const TimePoint now = std::max(clock_.now(), job.started_at);
  result.started_at = std::clamp(result.started_at, job.started_at, now);
  result.ended_at = std::clamp(result.ended_at, result.started_at, now);
  result.console = std::exchange(job.said, {});
  job.outcome.results.push_back(std::move(result));
}

void Worker::finish(int64_t id) {
  Job& job = *runs_.at(id);
  runs_.erase(id);
  if (const auto found = cancelled_.find(id); found != cancelled_.end()) {
    reactor_.cancel(found->second);
    cancelled_.erase(found);
  }
  if (runs_.empty()) rest();
  owner_.on_done(*this, job);
}

void Worker::stray(size_t bytes) {
  noise_bytes_ += bytes;
  if (noise_bytes_ > settings_.noise_max) end(Ending::output);
}

void Worker::run(Job& job) {
  go_on();
  if (runs_.empty()) noise_bytes_ = 0;
  load(job.call);
  const int64_t id = ++last_id_;
  runs_.emplace(id, &job);
  job.sent = Reactor::Clock::now();
  job.started_at = clock_.now();
  send(run_message(id, job.body));
  crypto::wipe(job.body);
}

void Worker::load(const ports::ScriptCall& call) {
  for (const auto& script : call.scripts)
    if (!script->digest.empty() && loaded_.insert(script->digest).second)
      send(load_message(call.contract, *script));
  if (loaded_.size() > settings_.scripts_max) worn_ = true;
}

int64_t Worker::id_of(const Job& job) const {
  const auto found = std::ranges::find(runs_, &job, [](const auto& run) { return run.second; });
  return found == runs_.end() ? 0 : found->first;
}

void Worker::expire(Job& job) {
  const int64_t id = id_of(job);
  if (id == 0) return;
  worn_ = true;  // what the run has open stays open
  send(cancel_message(id));
  cancelled_[id] = reactor_.after(settings_.cancel_within, [this, id] {
    ending_ = Ending::timeout;
    kill();
    conclude(Ending::timeout, id);
  });
}

void Worker::answer(std::string reply) {
  if (questions_ > 0) --questions_;
  if (state_ == State::ready) send(std::move(reply));
}

Reactor::Clock::time_point Worker::oldest() const {
  auto oldest = Reactor::Clock::time_point::max();
  for (const auto& [id, job] : runs_) oldest = std::min(oldest, job->sent);
  return oldest;
}

void Worker::send(std::string frame_text) {
  out_ += frame_of(frame_text);
  crypto::wipe(frame_text);
  if (!is_writing_) write();
}

void Worker::write() {
  while (written_ < out_.size() && state_ != State::ended) {
    const auto size =
        ::send(control_.get(), out_.data() + written_, out_.size() - written_, MSG_DONTWAIT | MSG_NOSIGNAL);
    if (size < 0) break;  // full, or gone, which reading finds out
    written_ += size_t(size);
  }
  const bool is_writing = written_ < out_.size() && !closed_ && state_ != State::ended;
  if (!is_writing) {
    crypto::wipe(out_);
    written_ = 0;
  }
  if (std::exchange(is_writing_, is_writing) != is_writing)
    reactor_.change(control_.get(), is_writing ? EPOLLIN | EPOLLOUT : EPOLLIN);
}

// Background work gets a moment after the last run; then the process stands still until the next one, so that
// nobody computes on their own account.
void Worker::rest() {
  reactor_.cancel(rest_timer_);
  rest_timer_ = reactor_.after(settings_.linger, [this] { stand_still(); });
}
void Worker::stand_still() {
  rest_timer_ = 0;
  if (!inside_ || !runs_.empty() || state_ != State::ready) return;
  is_still_ = send_signal(inside_, SIGSTOP);
}
void Worker::go_on() {
  reactor_.cancel(rest_timer_);
  if (std::exchange(is_still_, false)) send_signal(inside_, SIGCONT);
}

// Of the process inside; bubblewrap, which is ours to wait for, ends with it, and takes it along while it is
// not known yet (--die-with-parent, and before that by its process group).
void Worker::kill() {
  state_ = State::ended;
  if (!send_signal(inside_, SIGKILL)) process_.kill();
}

void Worker::end(Ending why) {
  if (state_ == State::ended) return;
  ending_ = why;
  kill();
  conclude(why, 0);
}

Ending Worker::cause_of_exit() const {
  return speaks_of_memory(noise_tail_) ? Ending::memory : Ending::crashed;
}

void Worker::exited() {
  if (state_ != State::ended) {
    read_noise();
    if (!closed_) read_control();  // what it said before
  }
  reactor_.forget(process_.handle());
  process_.reap();
  reactor_.cancel(exit_timer_);
  if (state_ != State::ended) {
    ending_ = state_ == State::starting ? Ending::broken : cause_of_exit();
    state_ = State::ended;
    conclude(ending_, 0);
  }
  owner_.on_ended(*this);
}

// `culprit` is the run that is to blame; 0: nobody knows, and each is told what happened.
void Worker::conclude(Ending why, int64_t culprit) {
  reactor_.cancel(start_timer_);
  reactor_.cancel(rest_timer_);
  for (auto& [id, timer] : cancelled_) reactor_.cancel(timer);
  cancelled_.clear();
  for (const auto& [id, job] : std::exchange(runs_, {})) {
    conclude_job(*job, why, culprit != 0 && id != culprit);
    owner_.on_done(*this, *job);
  }
}

void Worker::conclude_job(Job& job, Ending why, bool is_neighbour) {
  const EndingRow& row = ending_rows[size_t(why)];
  auto& results = job.outcome.results;
  const size_t scripts = std::max<size_t>(job.call.scripts.size(), 1);
  if (is_neighbour || row.kind.empty() || results.size() >= scripts) {
    job.refused = Error{ErrorKind::unavailable, "extensions_unavailable",
                        "The script could not be run to its end.", std::string(row.name), 1};
    return;
  }
  Message message;
  message.result.started_at = results.empty() ? job.started_at : results.back().ended_at;
  message.result.ended_at = clock_.now();
  message.result.error = ports::ScriptError{std::string(row.kind), "Error", std::string(row.message), {}, {}};
  take_result(job, std::move(message));
}

}  // namespace durward::adapters::sandbox
