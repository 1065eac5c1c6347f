#include "http/origin_health.h"

namespace durward::http {

namespace {
constexpr Milliseconds backlogs_differ{20};  // a quarter of a password hash
}

uint64_t draw(Random& random, uint64_t below) {
  uint64_t n = 0;
  random.fill({reinterpret_cast<uint8_t*>(&n), sizeof n});
  return below ? n % below : 0;
}

bool OriginHealth::is_better(const State& a, const State& b, Time now) const {
  const Time free_a = std::max(a.free_at, now), free_b = std::max(b.free_at, now);
  if (free_a + backlogs_differ < free_b) return true;
  if (free_b + backlogs_differ < free_a) return false;
  return a.under_way <= b.under_way;
}

std::optional<size_t> OriginHealth::choose(const std::vector<bool>& tried, Time now, Random& random) {
  std::vector<size_t> healthy;
  std::optional<size_t> chosen;  // the one whose ejection ends first
  for (size_t i = 0; i < states_.size(); ++i) {
    if (tried[i]) continue;
    if (states_[i].until <= now) healthy.push_back(i);
    if (!chosen || states_[i].until < states_[*chosen].until) chosen = i;
  }
  if (!healthy.empty()) {
    std::swap(healthy.front(), healthy[draw(random, healthy.size())]);
    const size_t a = healthy.front(),
                 b = healthy.size() > 1 ? healthy[1 + draw(random, healthy.size() - 1)] : a;
    chosen = is_better(states_[a], states_[b], now) ? a : b;
  }
  if (!chosen) return {};
  State& state = states_[*chosen];
  ++state.under_way;
  // One probe at a time after an ejection: others see the server as ejected until the probe is back.
  if (state.failures > 0 && state.until <= now) state.until = now + min_;
  return chosen;
}

void OriginHealth::succeeded(size_t i) {
  --states_[i].under_way;
  states_[i].failures = 0;
  states_[i].until = {};
}

void OriginHealth::failed(size_t i, Time now, Random& random) {
  State& state = states_[i];
  --state.under_way;
  const int doublings = std::min(state.failures++, 16);
  const Milliseconds time = std::min(max_, min_ * (int64_t(1) << doublings));
  // From half to all of it, so that the callers of a server that comes back do not arrive together.
  state.until = now + time / 2 + Milliseconds(draw(random, uint64_t(time.count()) / 2 + 1));
}

void AnswerTimes::add(Milliseconds time) {
  times_[count_++ % times_.size()] = int32_t(std::min<int64_t>(time.count(), INT32_MAX));
  if (count_ < 2 * every || count_ % every != 0) return;
  auto sorted = times_;
  const size_t known = std::min(count_, sorted.size());
  const auto at = sorted.begin() + ptrdiff_t(known * 95 / 100);
  std::nth_element(sorted.begin(), at, sorted.begin() + ptrdiff_t(known));
  p95_ = Milliseconds(*at);
}

}  // namespace durward::http
