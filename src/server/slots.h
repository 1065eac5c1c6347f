#pragma once
#include <cstdint>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "domain/tenant.h"

namespace durward::server {

// Places for requests under way. A tenant may hold no more places than are free, so one that floods leaves
// half of them, n that flood leave a share of 1/(n+1), and who is alone among few is not bound by a number of
// its own (dynamic thresholds: Choudhury and Hahne, 1998). Thread-safe.
class Slots {
 public:
  explicit Slots(int64_t max) : max_(max) {}

  class Slot {
   public:
    Slot(Slots* owner, int64_t tenant) : owner_(owner), tenant_(tenant) {}
    Slot(Slot&& other) noexcept : owner_(std::exchange(other.owner_, nullptr)), tenant_(other.tenant_) {}
    ~Slot() {
      if (owner_) owner_->leave(tenant_);
    }
    explicit operator bool() const { return owner_; }

   private:
    Slots* owner_;
    int64_t tenant_;
  };
  // False when there are too many.
  Slot enter(domain::TenantId tenant);
  Slot enter();  // of nobody in particular: any free place

 private:
  void leave(int64_t tenant);
  const int64_t max_;
  std::mutex mutex_;
  int64_t taken_ = 0;
  std::unordered_map<int64_t, int64_t> held_;  // of tenants that hold some
};

}  // namespace durward::server
