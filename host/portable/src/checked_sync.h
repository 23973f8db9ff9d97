// checked_sync.h: order between threadgroups of one dispatch, which only fences and atomics make: fence, atomic write
// in one; atomic read of the same address, fence in another.
#pragma once
#include <stddef.h>
#include <stdint.h>

namespace msl {

class DeviceSync {
public:
  bool map();
  void begin_dispatch() { released_ = 0; }
  void begin_group(uint32_t stamp);

  void fence(uint32_t thread, uint32_t stamp);
  void atomic(const char *address, uint32_t thread, bool writes, bool reads, uint32_t visible);

  // Whether an access of an earlier threadgroup, by its stamp and thread, comes before what `thread` does now;
  // `visible` is the stamp of this threadgroup's last device barrier.
  bool acquired(uint32_t stamp, uint32_t by, uint32_t thread, uint32_t visible) const;

private:
  static constexpr uint32_t MAX_RELEASES = 1 << 16, MAX_ACQUIRES = 64, THREADS = 1024;

  struct Release {
    const char *address;
    uint32_t group_start, stamp; // of the threadgroup and of the fence
    uint32_t visible;            // what its other threads had done before
    uint32_t thread;
  };
  struct Acquire {
    const char *address;
    uint32_t upto, thread, stamp; // stamp 0: no fence yet
  };

  void note_acquire(const char *address, uint32_t thread);

  Release *releases_ = nullptr;
  uint32_t released_ = 0, acquires_count_ = 0, group_start_ = 0;
  Acquire acquires_[MAX_ACQUIRES];
  uint32_t fences_[THREADS];
};

} // namespace msl
