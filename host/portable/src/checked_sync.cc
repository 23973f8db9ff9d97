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

void DeviceSync::atomic(const char *address, uint32_t thread, bool writes, bool reads, uint32_t visible) {
  if (reads && released_)
    note_acquire(address, thread);
  if (!writes || fences_[thread] == 0 || released_ == MAX_RELEASES)
    return;
  if (released_ && releases_[released_ - 1].address == address &&
      releases_[released_ - 1].group_start == group_start_ && releases_[released_ - 1].thread == thread)
    --released_;
  releases_[released_++] = {address, group_start_, fences_[thread], visible, thread};
}

void DeviceSync::note_acquire(const char *address, uint32_t thread) {
  Acquire *target = nullptr;
  for (uint32_t i = 0; i < acquires_count_; ++i) {
    if (acquires_[i].thread == thread && acquires_[i].address == address && acquires_[i].upto == released_)
      return;
    if (acquires_[i].stamp == 0)
      target = &acquires_[i];
  }
  if (acquires_count_ < MAX_ACQUIRES)
    target = &acquires_[acquires_count_++];
  if (target)
    *target = {address, released_, thread, 0};
}

bool DeviceSync::acquired(uint32_t stamp, uint32_t by, uint32_t thread, uint32_t visible) const {
  for (uint32_t i = 0; i < acquires_count_; ++i) {
    const Acquire &mine = acquires_[i];
    if (mine.stamp == 0 || (mine.thread != thread && mine.stamp >= visible))
      continue;
    // Threadgroups ran one after another: the last that began no later than the access is the one that made it.
    uint32_t low = 0, high = mine.upto;
    while (low < high) {
      uint32_t middle = (low + high) / 2;
      if (releases_[middle].group_start <= stamp)
        low = middle + 1;
      else
        high = middle;
    }
    for (uint32_t next = low; next > 0 && releases_[next - 1].group_start == releases_[low - 1].group_start; --next) {
      const Release &theirs = releases_[next - 1];
      if (theirs.address == mine.address && ((theirs.thread == by && theirs.stamp >= stamp) || stamp < theirs.visible))
        return true;
    }
  }
  return false;
}

} // namespace msl
