// Scheduling of fibers: who runs next, barriers, and the life of a fiber. Blocking functions end in a tail call of the
// switch; nothing of them is left to do once the fiber runs again.
#include "fibers.h"

#include "switch.h"
#include <sys/mman.h>

extern "C" {
__thread MslThread *msl_self __attribute__((tls_model("initial-exec"), visibility("default")));
__thread const MslGroup *msl_group __attribute__((tls_model("initial-exec"), visibility("default")));
}

namespace msl {
namespace {

constexpr uint32_t WIDTH = MSL_SIMD_WIDTH;

// The engine of this operating-system thread while it runs a threadgroup. Reading it does not wait for msl_self, which
// the last switch has only just written: that keeps the chain of dependent loads from switch to switch short.
__thread FiberEngine *engine __attribute__((tls_model("initial-exec")));

inline Fiber *running() { return &running_fiber(); }
inline uint32_t lowest(uint32_t mask) { return mask & (0u - mask); }
inline uint32_t index_of(uint32_t bit) { return uint32_t(__builtin_ctz(bit)); }

uint32_t nth_bit(uint32_t mask, uint32_t n) {
  while (n--)
    mask &= mask - 1;
  return lowest(mask);
}

bool same_place(const Fiber &a, const Fiber &b) {
  uint32_t depth = a.thread.path.depth;
  if (a.site != b.site || depth != b.thread.path.depth)
    return false;
  for (uint32_t i = 0; i < depth; ++i) {
    const MslStep &x = a.thread.path.steps[i], &y = b.thread.path.steps[i];
    if (x.site != y.site || x.iteration != y.iteration)
      return false;
  }
  return true;
}

// Lexicographic order of paths, the collective's own site being the last step.
bool is_before(const Fiber &a, const Fiber &b) {
  const MslPath &x = a.thread.path, &y = b.thread.path;
  for (uint32_t i = 0;; ++i) {
    MslStep s = i < x.depth ? x.steps[i] : MslStep{a.site, 0};
    MslStep t = i < y.depth ? y.steps[i] : MslStep{b.site, 0};
    if (s.site != t.site)
      return s.site < t.site;
    if (s.iteration != t.iteration)
      return s.iteration < t.iteration;
    if (i >= x.depth || i >= y.depth)
      return x.depth < y.depth;
  }
}

} // namespace

bool FiberEngine::prepare(uint32_t fibers, uint32_t stacks_per_guard) {
  if (!stacks_.map(fibers, stacks_per_guard))
    return false;
  void *memory = mmap(nullptr, fibers * sizeof(Fiber), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  fibers_ = static_cast<Fiber *>(memory);
  fiber_count_ = fibers;
  for (uint32_t i = 0; i < fibers; ++i) {
    fibers_[i].stack_top = stacks_.top(i);
    fibers_[i].bit = 1u << i % WIDTH;
    fibers_[i].thread.index = i;
  }
  for (uint32_t i = 0; i < MSL_MAX_THREADS / WIDTH; ++i) {
    simd_[i].bit = 1u << i;
    simd_[i].lanes = fibers_ + i * WIDTH;
  }
  return true;
}

void FiberEngine::place(const MslGroup &group) {
  if (placed_[0] == group.size[0] && placed_[1] == group.size[1] && placed_[2] == group.size[2])
    return;
  Fiber *fiber = fibers_;
  for (uint32_t z = 0; z < group.size[2]; ++z)
    for (uint32_t y = 0; y < group.size[1]; ++y)
      for (uint32_t x = 0; x < group.size[0]; ++x, ++fiber) {
        fiber->thread.group = &group;
        fiber->thread.position[0] = x;
        fiber->thread.position[1] = y;
        fiber->thread.position[2] = z;
      }
  for (int i = 0; i < 3; ++i)
    placed_[i] = group.size[i];
}

void FiberEngine::run(const MslGroup &group, MslFiberEntry entry, uint64_t seed) {
  place(group);
  run_fibers(group.size[0] * group.size[1] * group.size[2], entry, seed);
}

void FiberEngine::run_simdgroups(const MslGroup &group, MslFiberEntry entry, uint64_t seed) {
  uint32_t threads = group.size[0] * group.size[1] * group.size[2];
  uint32_t count = (threads + WIDTH - 1) / WIDTH;
  for (uint32_t i = 0; i < count; ++i)
    fibers_[i].thread.group = &group;
  placed_[0] = 0; // what `place` did is undone
  run_fibers(count, entry, seed);
}

void FiberEngine::run_fibers(uint32_t count, MslFiberEntry entry, uint64_t seed) {
  live_ = count;
  waiting_ = 0;
  entry_ = entry;
  shuffled_ = seed != 0 || watch_;
  seed_ = seed;
  random_ = Random(seed);
  ready_groups_ = 0;
  for (uint32_t first = 0; first < live_; first += WIDTH) {
    SimdGroup &simd = simd_[first / WIDTH];
    simd.live = live_ - first >= WIDTH ? ~0u : (1u << (live_ - first)) - 1;
    simd.ready = simd.live;
    simd.started = simd.collective = simd.barrier = simd.matched = 0;
    if (simd.live != ~0u)
      for (uint32_t lane = live_ - first; lane < WIDTH; ++lane)
        simd.slots[lane] = nullptr;
    ready_groups_ |= simd.bit;
  }
  here_ = simd_;
  engine = this;
  start_or_resume(&caller_, take());
}

void FiberEngine::run_plain(void (*function)(void *), void *argument) {
  plain_ = function;
  plain_argument_ = argument;
  engine = this;
  msl_self = &fibers_[0].thread;
  msl_enter(&caller_, fibers_[0].stack_top);
  plain_ = nullptr;
}

inline Fiber *FiberEngine::take() {
  if (__builtin_expect(shuffled_, false))
    return take_shuffled();
  SimdGroup *simd = here_;
  uint32_t ready = simd->ready;
  if (__builtin_expect(ready == 0, false)) {
    simd = here_ = &simd_[index_of(ready_groups_)];
    ready = simd->ready;
  }
  uint32_t rest = ready & (ready - 1);
  simd->ready = rest;
  if (__builtin_expect(rest == 0, false))
    ready_groups_ &= ~simd->bit;
  return simd->lanes + index_of(ready);
}

uint32_t FiberEngine::choose(uint32_t mask) {
  if (watch_ && seed_ <= REVERSED)
    return seed_ == REVERSED ? 1u << (31 - __builtin_clz(mask)) : lowest(mask);
  return nth_bit(mask, random_.below(uint32_t(__builtin_popcount(mask))));
}

__attribute__((noinline)) Fiber *FiberEngine::take_shuffled() {
  uint32_t group_bit = choose(ready_groups_);
  SimdGroup *simd = here_ = &simd_[index_of(group_bit)];
  uint32_t bit = choose(simd->ready);
  simd->ready ^= bit;
  if (!simd->ready)
    ready_groups_ &= ~simd->bit;
  return simd->lanes + index_of(bit);
}

inline void FiberEngine::start_or_resume(void **save, Fiber *next) {
  msl_self = &next->thread;
  SimdGroup *simd = here_;
  if (simd->started & next->bit)
    return msl_switch(save, next->stack_pointer);
  simd->started |= next->bit;
  next->thread.path.depth = 0;
  return msl_enter(save, next->stack_top);
}

// Gives the processor to the next ready fiber; `self` has said in its masks why it stops.
inline void FiberEngine::leave(Fiber *self) {
  // Some fiber is always ready here: a wholly blocked SIMD-group with a lane in a collective has just been resolved,
  // and if every live thread is in the barrier, it has just been released.
  Fiber *next = take();
  if (next == self)
    return;
  return start_or_resume(&self->stack_pointer, next);
}

inline void FiberEngine::barrier() {
  Fiber *self = running();
  SimdGroup *simd = here_;
  simd->barrier |= self->bit;
  if (++waiting_ == live_)
    return release_barrier_and_go_on(self);
  if (simd->collective && (simd->collective | simd->barrier) == simd->live)
    return resolve_and_leave(self);
  return leave(self);
}

__attribute__((noinline)) void FiberEngine::release_barrier() {
  waiting_ = 0;
  if (watch_)
    watch_->barrier_released();
  for (SimdGroup &simd : simd_) {
    if (!simd.barrier)
      continue;
    mark_ready(&simd, simd.barrier);
    simd.barrier = 0;
  }
}

// In natural order the last to arrive runs on: one switch less a barrier.
__attribute__((noinline)) void FiberEngine::release_barrier_and_go_on(Fiber *self) {
  release_barrier();
  if (shuffled_)
    return leave(self);
  SimdGroup *simd = here_;
  simd->ready &= ~self->bit;
  if (!simd->ready)
    ready_groups_ &= ~simd->bit;
}

__attribute__((noinline)) void FiberEngine::resolve_and_leave(Fiber *self) {
  resolve(here_);
  return leave(self);
}

// The last of the SIMD-group's live lanes to arrive at one site with one path, the usual case, combines and runs on.
inline void FiberEngine::collective(void *slot, MslCombine combine, const void *argument, uint32_t site) {
  Fiber *self = running();
  SimdGroup *simd = here_;
  simd->slots[index_of(self->bit)] = slot;
  self->combine = combine;
  self->argument = argument;
  self->site = site;
  if (!simd->collective) {
    simd->leader = self;
    simd->matched = self->bit;
  } else if (same_place(*self, *simd->leader)) {
    simd->matched |= self->bit;
  }
  simd->collective |= self->bit;
  if (simd->matched == simd->live && !shuffled_) {
    combine(simd->slots, simd->live, simd->lanes[index_of(simd->live)].argument);
    simd->collective = 0;
    if (simd->live != self->bit)
      mark_ready(simd, simd->live & ~self->bit);
    return;
  }
  if ((simd->collective | simd->barrier) == simd->live)
    return resolve_and_leave(self);
  return leave(self);
}

// Every live lane is blocked: the lanes at the smallest path go on together. In structured control flow that is SIMT
// reconvergence: who is further behind in the program text, or in an earlier iteration, catches up first.
__attribute__((noinline)) void FiberEngine::resolve(SimdGroup *simd) {
  Fiber *first = nullptr;
  for (uint32_t rest = simd->collective; rest; rest &= rest - 1) {
    Fiber *lane = simd->lanes + index_of(rest);
    if (!first || is_before(*lane, *first))
      first = lane;
  }
  uint32_t active = 0;
  void *slots[WIDTH] = {};
  for (uint32_t rest = simd->collective; rest; rest &= rest - 1) {
    uint32_t lane = index_of(rest);
    if (!same_place(simd->lanes[lane], *first))
      continue;
    active |= 1u << lane;
    slots[lane] = simd->slots[lane];
  }
  if (watch_)
    watch_->lanes_meet(uint32_t(simd - simd_), active, simd->live, first->argument, first->thread.index);
  first->combine(slots, active, first->argument);
  if (watch_)
    watch_->lanes_met();
  mark_ready(simd, active);
  simd->collective &= ~active;
  simd->matched = 0;
  if (!simd->collective)
    return;
  simd->leader = simd->lanes + index_of(simd->collective);
  for (uint32_t rest = simd->collective; rest; rest &= rest - 1)
    if (same_place(simd->lanes[index_of(rest)], *simd->leader))
      simd->matched |= lowest(rest);
}

[[noreturn]] void FiberEngine::fiber_main() {
  Fiber *self = running();
  if (plain_) {
    plain_(plain_argument_);
    msl_switch(&self->stack_pointer, caller_);
    __builtin_unreachable();
  }
  entry_(&self->thread);
  SimdGroup *simd = here_;
  simd->live &= ~self->bit;
  simd->slots[index_of(self->bit)] = nullptr;
  if (--live_ == 0) {
    msl_switch(&self->stack_pointer, caller_);
    __builtin_unreachable();
  }
  // Those who wait may have waited for this thread only.
  if (simd->collective && (simd->collective | simd->barrier) == simd->live)
    resolve(simd);
  if (waiting_ == live_)
    release_barrier();
  start_or_resume(&self->stack_pointer, take());
  __builtin_trap();
}

} // namespace msl

extern "C" {

void msl_fiber_main() { msl::engine->fiber_main(); }

__attribute__((visibility("default"))) void msl_threadgroup_barrier(uint32_t, uint32_t) {
  return msl::engine->barrier();
}

__attribute__((visibility("default"))) void msl_simd_collective(void *slot, MslCombine combine, const void *argument,
                                                                uint32_t site) {
  return msl::engine->collective(slot, combine, argument, site);
}
}
