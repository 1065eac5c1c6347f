#include "adapters/breached/breached_file.h"

#include <sys/stat.h>

#include "base/encoding.h"
#include "base/log.h"
#include "domain/password_policy.h"

namespace durward::adapters {
namespace {
constexpr Milliseconds look_every{60'000};
}

Result<std::unique_ptr<BreachedFile>> BreachedFile::open(std::string path, const Clock& clock) {
  std::unique_ptr<BreachedFile> out(new BreachedFile(std::move(path), clock));
  out->seen_ = identity_of(out->path_);
  TRY(auto image, FilterImage::open(out->path_));
  out->image_ = std::move(image);
  out->next_look_ms_ = to_unix_ms(clock.now() + look_every);
  return out;
}

BreachedFile::Identity BreachedFile::identity_of(const std::string& path) {
  struct stat about{};
  if (::stat(path.c_str(), &about) != 0) return {};
  return {about.st_dev, about.st_ino, about.st_mtim.tv_sec, about.st_mtim.tv_nsec};
}

bool BreachedFile::contains(std::string_view password) const {
  const TimePoint now = clock_.now();
  if (to_unix_ms(now) >= next_look_ms_.load(std::memory_order_relaxed)) look_again(now);
  return image_.load()->contains(password);
}

// One thread looks, the others go on with what there is.
void BreachedFile::look_again(TimePoint now) const {
  const std::unique_lock lock(looking_, std::try_to_lock);
  if (!lock) return;
  next_look_ms_ = to_unix_ms(now + look_every);
  const Identity there = identity_of(path_);
  if (there == seen_) return;
  seen_ = there;
  auto image = FilterImage::open(path_);
  if (!image) {
    log::warning("breached passwords stay as they were", {{"reason", image.error().message}});
    return;
  }
  log::info("breached passwords were replaced", {{"hashes", (*image)->header().count}});
  image_.store(std::move(*image));
}

bool CommonPasswords::contains(std::string_view password) const {
  return domain::is_common_password(to_lower(password));
}

}  // namespace durward::adapters
