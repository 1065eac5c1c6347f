#include "base/metrics.h"

#include <cstdio>

namespace durward::metrics {

struct Registry::Family {
  std::string help, type;
  std::map<std::string, std::unique_ptr<Counter>, std::less<>> counters;
  std::map<std::string, std::unique_ptr<Gauge>, std::less<>> gauges;
  std::map<std::string, std::unique_ptr<Histogram>, std::less<>> histograms;
};

Registry::Registry() = default;
Registry::~Registry() = default;

void Histogram::observe(double seconds) {
  size_t i = 0;
  while (i < bound_count && seconds > bounds[i]) ++i;
  buckets_[i].fetch_add(1, std::memory_order_relaxed);
  sum_us_.fetch_add(uint64_t(seconds * 1e6), std::memory_order_relaxed);
}

Registry::Family& Registry::family(std::string_view name, std::string_view help, std::string_view type) {
  auto it = families_.find(name);
  if (it == families_.end()) {
    it = families_.emplace(std::string(name), std::make_unique<Family>()).first;
    it->second->help = help;
    it->second->type = type;
  }
  return *it->second;
}

namespace {
template <class M>
M& member(std::map<std::string, std::unique_ptr<M>, std::less<>>& all, std::string_view labels) {
  auto it = all.find(labels);
  if (it == all.end()) it = all.emplace(std::string(labels), std::make_unique<M>()).first;
  return *it->second;
}

std::string sample(std::string_view name, std::string_view labels, std::string_view value) {
  std::string out(name);
  if (!labels.empty()) out.append("{").append(labels).append("}");
  return out.append(" ").append(value).append("\n");
}

std::string joined(std::string_view labels, std::string_view more) {
  std::string out(labels);
  if (!out.empty()) out += ',';
  return out.append(more);
}
}  // namespace

Counter& Registry::counter(std::string_view name, std::string_view help, std::string_view labels) {
  std::lock_guard lock(mutex_);
  return member(family(name, help, "counter").counters, labels);
}
Gauge& Registry::gauge(std::string_view name, std::string_view help, std::string_view labels) {
  std::lock_guard lock(mutex_);
  return member(family(name, help, "gauge").gauges, labels);
}
Histogram& Registry::histogram(std::string_view name, std::string_view help, std::string_view labels) {
  std::lock_guard lock(mutex_);
  return member(family(name, help, "histogram").histograms, labels);
}

std::string Registry::text() const {
  std::lock_guard lock(mutex_);
  std::string out;
  for (const auto& [name, f] : families_) {
    out.append("# HELP ").append(name).append(" ").append(f->help).append("\n");
    out.append("# TYPE ").append(name).append(" ").append(f->type).append("\n");
    for (const auto& [labels, c] : f->counters) out += sample(name, labels, std::to_string(c->value()));
    for (const auto& [labels, g] : f->gauges) out += sample(name, labels, std::to_string(g->value()));
    for (const auto& [labels, h] : f->histograms) {
      uint64_t total = 0;
      for (size_t i = 0; i <= Histogram::bound_count; ++i) {
        total += h->buckets_[i].load(std::memory_order_relaxed);
        char bound[32];
        if (i < Histogram::bound_count)
          std::snprintf(bound, sizeof bound, "le=\"%g\"", Histogram::bounds[i]);
        else
          std::snprintf(bound, sizeof bound, "le=\"+Inf\"");
        out += sample(name + "_bucket", joined(labels, bound), std::to_string(total));
      }
      char sum[32];
      std::snprintf(sum, sizeof sum, "%.6f", double(h->sum_us_.load(std::memory_order_relaxed)) / 1e6);
      out += sample(name + "_sum", labels, sum);
      out += sample(name + "_count", labels, std::to_string(total));
    }
  }
  return out;
}

}  // namespace durward::metrics
