#pragma once
#include <atomic>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

// Counters, gauges and histograms in the Prometheus text format. One Registry per process, made in
// server/wiring.cc and passed down; a metric is registered once, at construction of its owner, and lives as
// long as the registry.
namespace durward::metrics {

class Counter {
 public:
  void add(uint64_t n = 1) { value_.fetch_add(n, std::memory_order_relaxed); }
  uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

class Gauge {
 public:
  void set(int64_t n) { value_.store(n, std::memory_order_relaxed); }
  void add(int64_t n) { value_.fetch_add(n, std::memory_order_relaxed); }
  int64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<int64_t> value_{0};
};

// Fixed buckets in seconds, 0.5 ms to 10 s.
class Histogram {
 public:
  static constexpr double bounds[] = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                      0.1,    0.25,  0.5,    1.0,   2.5,  5.0,   10.0};
  static constexpr size_t bound_count = sizeof bounds / sizeof bounds[0];
  void observe(double seconds);

 private:
  friend class Registry;
  std::atomic<uint64_t> buckets_[bound_count + 1]{};
  std::atomic<uint64_t> sum_us_{0};
};

class Registry {
 public:
  // `labels` is the inside of the braces, e.g. `route="token",status="200"`, already escaped; empty for none.
  Counter& counter(std::string_view name, std::string_view help, std::string_view labels = {});
  Gauge& gauge(std::string_view name, std::string_view help, std::string_view labels = {});
  Histogram& histogram(std::string_view name, std::string_view help, std::string_view labels = {});
  std::string text() const;

 private:
  struct Family;
  Family& family(std::string_view name, std::string_view help, std::string_view type);
  mutable std::mutex mutex_;
  std::map<std::string, std::unique_ptr<Family>, std::less<>> families_;

 public:
  Registry();
  ~Registry();
};

}  // namespace durward::metrics
