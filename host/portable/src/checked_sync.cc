// Fences and atomics between threadgroups.
#include "checked_sync.h"

#include <string.h>
#include <sys/mman.h>

namespace msl {

bool DeviceSync::map() {
  void *memory = mmap(nullptr, MAX_RELEASES * sizeof(Release), PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  releases_ = memory == MAP_FAILED ? nullptr : static_cast<Release *>(memory);
  return releases_ != nullptr;
}

void DeviceSync::begin_group(uint32_t stamp) {
  group_start_ = stamp;
  acquires_count_ = 0;
  memset(fences_, 0, sizeof fences_);
}

void DeviceSync::fence(uint32_t thread, uint32_t stamp) {
  fences_[thread] = stamp;
  for (uint32_t i = 0; i < acquires_count_; ++i)
    if (acquires_[i].thread == thread && acquires_[i].stamp == 0)
      acquires_[i].stamp = stamp;
}

void DeviceSync::atomic(const char *address, uint32_t thread, bool writes, bool reads, uint32_t, uint32_t visible) {
  if (reads && released_ && acquires_count_ < MAX_ACQUIRES) {
    bool known = false;
    for (uint32_t i = 0; i < acquires_count_; ++i)
      if (acquires_[i].thread == thread && acquires_[i].address == address && acquires_[i].upto == released_)
        known = true;
    if (!known)
      acquires_[acquires_count_++] = {address, released_, thread, 0};
  }
  if (!writes || fences_[thread] == 0 || released_ == MAX_RELEASES)
    return;
  if (released_ && releases_[released_ - 1].address == address && releases_[released_ - 1].group_start == group_start_ &&
      releases_[released_ - 1].thread == thread)
    --released_;
  releases_[released_++] = {address, group_start_, fences_[thread], visible, thread};
}

bool DeviceSync::acquired(uint32_t stamp, uint32_t by, uint32_t thread, uint32_t visible) const {
  for (uint32_t i = 0; i < acquires_count_; ++i) {
    const Acquire &mine = acquires_[i];
    if (mine.stamp == 0 || (mine.thread != thread && mine.stamp >= visible))
      continue;
    // Releases lie in the order of their stamps: the first that is not before the access.
    uint32_t low = 0, high = mine.upto;
    while (low < high) {
      uint32_t middle = (low + high) / 2;
      if (releases_[middle].stamp < stamp)
        low = middle + 1;
      else
        high = middle;
    }
    for (; low < mine.upto && releases_[low].group_start <= stamp; ++low) {
      const Release &theirs = releases_[low];
      if (theirs.address == mine.address && (theirs.thread == by || stamp < theirs.visible))
        return true;
    }
  }
  return false;
}

} // namespace msl
