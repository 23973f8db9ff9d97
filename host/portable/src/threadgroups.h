// Runs ranges of a dispatch's threadgroups on one operating-system thread, in either mode.
#pragma once
#include "control.h"
#include "fibers.h"

namespace msl {

struct KernelEntry {
  Mode mode;
  void *address;
};

// What every thread needs to find a dispatch's memory. `plan` lies in shared memory and changes only between
// submissions.
struct Program {
  const Plan *plan;
  char *pool;
  KernelEntry functions[MAX_FUNCTIONS];
};

class Checker;

class ThreadgroupRunner {
public:
  // Before prepare(), in a checked worker.
  void set_checker(Checker *checker) { checker_ = checker; }
  bool prepare(uint32_t fibers, uint32_t stacks_per_guard);

  // What is run from now on: a dispatch of an instance, its threadgroups in the order that `seed` gives.
  void bind(const Program &program, uint32_t instance, uint32_t dispatch, uint64_t seed);
  // Runs threadgroups [first, first + count) of that order.
  void run(uint64_t first, uint64_t count);

  const FiberEngine &engine() const { return engine_; }

private:
  static void run_loop_range(void *self);
  void bind_buffers();
  void enter_threadgroup(uint64_t index);
  void poison();

  void run_checked(MslFiberEntry entry);

  Checker *checker_ = nullptr;
  FiberEngine engine_;
  MslGroup group_;
  char *arena_ = nullptr;
  const Program *program_ = nullptr;
  const PlanDispatch *dispatch_ = nullptr;
  uint32_t instance_ = 0, dispatch_number_ = 0;
  KernelEntry entry_ = {Mode::Loop, nullptr};
  uint64_t first_ = 0, count_ = 0, seed_ = 0;
};

} // namespace msl
