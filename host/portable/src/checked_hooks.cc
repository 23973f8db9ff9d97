// The functions that a checked library calls: msl_checked.h declares those that the headers use, the rest is put in by
// msl/checked_ir.py.
#include "checked_checker.h"

#include <string.h>

// The caller's stack pointer: a hook's frame begins right below it.
#if defined(__x86_64__)
#define FRAME (static_cast<const char *>(__builtin_frame_address(0)) + 16)
#else
#define FRAME static_cast<const char *>(__builtin_frame_address(0))
#endif
#define HOOK extern "C" __attribute__((visibility("default")))

using msl::checker;

HOOK void msl_checked_read(const char *address, uint32_t bytes, uint32_t place) {
  checker->touch(address, bytes, place, 0, true, FRAME);
}
HOOK void msl_checked_write(const char *address, uint32_t bytes, uint32_t place) {
  checker->touch(address, bytes, place, msl::ACCESS_WRITE, false, FRAME);
}
HOOK void msl_checked_volatile_read(const char *address, uint32_t bytes, uint32_t place) {
  checker->touch(address, bytes, place, msl::ACCESS_VOLATILE, true, FRAME);
}
HOOK void msl_checked_volatile_write(const char *address, uint32_t bytes, uint32_t place) {
  checker->touch(address, bytes, place, msl::ACCESS_WRITE | msl::ACCESS_VOLATILE, false, FRAME);
}
HOOK void msl_checked_copy(char *to, const char *from, uint64_t bytes, uint32_t place) {
  checker->touch(from, bytes, place, 0, true, FRAME);
  checker->touch(to, bytes, place, msl::ACCESS_WRITE, false, FRAME);
  memmove(to, from, bytes);
}
HOOK void msl_checked_fill(char *to, uint32_t value, uint64_t bytes, uint32_t place) {
  checker->touch(to, bytes, place, msl::ACCESS_WRITE, false, FRAME);
  memset(to, int(value), bytes);
}
HOOK void msl_checked_integer(uint32_t kind, uint64_t left, uint64_t right, uint32_t place) {
  checker->integer(kind, left, right, place);
}
HOOK void msl_checked_work(uint32_t flops) { checker->work(flops); }

HOOK void msl_checked_barrier(uint32_t flags, uint32_t site, uint32_t place) {
  checker->barrier(flags, place);
  msl_threadgroup_barrier(flags, site);
}
HOOK void msl_checked_collective(void *slot, MslCombine combine, const void *argument, uint32_t site, uint32_t place) {
  checker->collective(place);
  msl_simd_collective(slot, combine, argument, site);
}
HOOK void msl_checked_atomic(const char *address, uint32_t bytes, uint32_t writes, uint32_t reads, uint32_t is_float,
                             uint32_t place) {
  checker->atomic(address, bytes, writes ? uint32_t(msl::ACCESS_WRITE) : 0, reads, is_float, place, FRAME);
}
HOOK void msl_checked_fence(uint32_t flags, uint32_t order, uint32_t place) { checker->fence(flags, order, place); }
HOOK void msl_checked_inactive_lane(uint32_t reader, uint32_t source) { checker->inactive_lane(reader, source); }
HOOK void msl_checked_uniform(uint32_t value, uint32_t cluster) { checker->uniform(value, cluster); }
HOOK void msl_checked_matrix(uint32_t place) { checker->matrix(place); }
HOOK uint32_t msl_checked_poison() { return checker->lane_poison(); }
