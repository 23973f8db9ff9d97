// The fiber engine: the threads of one threadgroup as fibers of one operating-system thread, each run until it blocks
// in a barrier or a SIMD-group collective. It is the definition of what MSL's synchronisation means here.
#pragma once
#include "msl_abi.h"
#include "schedule.h"
#include "stacks.h"

namespace msl {

class FiberEngine;
struct SimdGroup;

// Is told what the engine does, in a checked worker; and lets the engine take fibers in a strict order.
class EngineWatch {
public:
  virtual void barrier_released() = 0;
  // `leader` is the index of the first of the lanes that meet.
  virtual void lanes_meet(uint32_t simdgroup, uint32_t active, uint32_t live, const void *argument,
                          uint32_t leader) = 0;
  virtual void lanes_met() = 0; // their values are combined

protected:
  ~EngineWatch() = default;
};

// What a switch touches comes first: one cache line.
struct alignas(64) Fiber {
  void *stack_pointer;
  void *stack_top;
  MslCombine combine; // of the collective it waits in
  const void *argument;
  uint32_t site;
  uint32_t bit;
  MslThread thread; // what msl_self points to
};

// Masks have one bit a lane. A live lane is running, ready, in `collective` or in `barrier`.
struct SimdGroup {
  uint32_t live;
  uint32_t ready;
  uint32_t started;
  uint32_t collective;
  uint32_t barrier;
  uint32_t matched; // lanes of `collective` at the leader's site and path
  uint32_t bit;     // of this SIMD-group in the engine's mask
  Fiber *leader;    // one lane of `collective`
  Fiber *lanes;
  void *slots[MSL_SIMD_WIDTH]; // nullptr for lanes that have returned
};

inline Fiber &running_fiber() {
  return *reinterpret_cast<Fiber *>(reinterpret_cast<char *>(msl_self) - __builtin_offsetof(Fiber, thread));
}

class FiberEngine {
public:
  // Takes the memory it needs; false if the system has none.
  bool prepare(uint32_t fibers, uint32_t stacks_per_guard);

  void set_watch(EngineWatch *watch) { watch_ = watch; }

  // Runs every thread of `group`, which stays at one address for the engine's life. `seed` 0: natural order; 1, if
  // watched: its reverse.
  void run(const MslGroup &group, MslFiberEntry entry, uint64_t seed);

  // Runs every SIMD-group of `group` as one fiber: mode "lanes". Only barriers block.
  void run_simdgroups(const MslGroup &group, MslFiberEntry entry, uint64_t seed);

  // Runs `function(argument)` on a fiber's stack, so that both modes have the same stack and the same guard.
  void run_plain(void (*function)(void *), void *argument);

  const Stacks &stacks() const { return stacks_; }
  uint32_t fibers() const { return fiber_count_; }
  const Fiber &fiber(uint32_t index) const { return fibers_[index]; }

  // For the library's calls and the fibers' entry; see fibers.cc.
  void barrier();
  void collective(void *slot, MslCombine combine, const void *argument, uint32_t site);
  [[noreturn]] void fiber_main();

private:
  void place(const MslGroup &group);
  void run_fibers(uint32_t count, MslFiberEntry entry, uint64_t seed);
  Fiber *take();
  Fiber *take_shuffled();
  void leave(Fiber *self);
  void start_or_resume(void **save, Fiber *next);
  void release_barrier();
  void release_barrier_and_go_on(Fiber *self);
  void resolve(SimdGroup *simd);
  void resolve_and_leave(Fiber *self);
  void mark_ready(SimdGroup *simd, uint32_t lanes) {
    simd->ready |= lanes;
    ready_groups_ |= simd->bit;
  }

  SimdGroup *here_ = nullptr; // of the running fiber, or the one to take the next fiber from
  uint32_t ready_groups_ = 0; // SIMD-groups with ready lanes
  uint32_t live_ = 0;
  uint32_t waiting_ = 0; // threads in the threadgroup barrier
  uint32_t choose(uint32_t mask);

  EngineWatch *watch_ = nullptr;
  bool shuffled_ = false; // or watched: not the fast path
  uint64_t seed_ = 0;
  Random random_{0};
  MslFiberEntry entry_ = nullptr;
  void (*plain_)(void *) = nullptr;
  void *plain_argument_ = nullptr;
  void *caller_ = nullptr; // stack pointer of run()
  uint32_t placed_[3] = {0, 0, 0};
  Fiber *fibers_ = nullptr;
  uint32_t fiber_count_ = 0;
  Stacks stacks_;
  SimdGroup simd_[MSL_MAX_THREADS / MSL_SIMD_WIDTH];
};

} // namespace msl
