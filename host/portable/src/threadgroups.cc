// Fills MslGroup and poisons threadgroup memory for each threadgroup of a range, then enters the library.
#include "threadgroups.h"

#include "checked_checker.h"

#include <string.h>
#include <sys/mman.h>

namespace msl {

bool ThreadgroupRunner::prepare(uint32_t fibers, uint32_t stacks_per_guard) {
  constexpr size_t GUARD = 65536;
  memset(&group_, 0, sizeof group_);
  size_t usable = checker_ ? CHECKED_THREADGROUP_MEMORY : MAX_THREADGROUP_MEMORY, bytes = usable + 2 * GUARD;
  void *memory = mmap(nullptr, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED)
    return false;
  arena_ = static_cast<char *>(memory) + GUARD;
  if (mprotect(arena_, usable, PROT_READ | PROT_WRITE) != 0)
    return false;
  if (checker_) {
    engine_.set_watch(checker_);
    checker_->set_engine(engine_);
    if (!checker_->prepare_threadgroup_memory(arena_, usable, GUARD))
      return false;
  }
  return engine_.prepare(fibers, stacks_per_guard);
}

void ThreadgroupRunner::bind(const Program &program, uint32_t instance, uint32_t dispatch, uint64_t seed) {
  program_ = &program;
  instance_ = instance;
  dispatch_number_ = dispatch;
  dispatch_ = &program.plan->dispatches[dispatch];
  seed_ = seed;
  bind_buffers();
  for (int i = 0; i < 3; ++i) {
    group_.threads_per_grid[i] = dispatch_->grid[i];
    group_.threadgroups_per_grid[i] = dispatch_->threadgroups[i];
    group_.nominal_size[i] = dispatch_->threadgroup[i];
  }
  group_.threadgroup_memory = arena_;
  entry_ = program.functions[dispatch_->function];
  msl_group = &group_;
}

void ThreadgroupRunner::bind_buffers() {
  const Plan &plan = *program_->plan;
  const char *base = reinterpret_cast<const char *>(&plan);
  const PlanRegion *regions =
      reinterpret_cast<const PlanRegion *>(base + plan.regions_at) + uint64_t(instance_) * plan.slot_count;
  for (int i = 0; i < MSL_MAX_BUFFERS; ++i) {
    const PlanBuffer &buffer = dispatch_->buffers[i];
    void *address = nullptr;
    if (buffer.source == Source::Pool && regions[buffer.slot].offset != ABSENT_REGION)
      address = program_->pool + regions[buffer.slot].offset + buffer.offset;
    else if (buffer.source == Source::Constant)
      address = const_cast<char *>(base) + plan.constants_at + buffer.offset;
    group_.buffers[i] = address;
    uint32_t argument = dispatch_->threadgroup_arguments[i];
    group_.threadgroup_arguments[i] = argument == NO_ARGUMENT ? nullptr : arena_ + argument;
  }
}

void ThreadgroupRunner::enter_threadgroup(uint64_t index) {
  uint32_t columns = dispatch_->threadgroups[0], rows = dispatch_->threadgroups[1];
  group_.position[0] = uint32_t(index % columns);
  group_.position[1] = uint32_t(index / columns % rows);
  group_.position[2] = uint32_t(index / columns / rows);
  for (int i = 0; i < 3; ++i) {
    uint64_t start = uint64_t(group_.position[i]) * dispatch_->threadgroup[i];
    uint64_t rest = dispatch_->grid[i] - start;
    group_.size[i] = rest < dispatch_->threadgroup[i] ? uint32_t(rest) : dispatch_->threadgroup[i];
  }
  if (dispatch_->poisoned_bytes)
    poison();
}

void ThreadgroupRunner::poison() {
  uint32_t word = checker_ ? checker_->memory_poison() : poison_word(seed_);
  uint32_t *memory = reinterpret_cast<uint32_t *>(arena_);
  for (uint32_t i = 0; i < dispatch_->poisoned_bytes / 4; ++i)
    memory[i] = word;
}

void ThreadgroupRunner::run_loop_range(void *self) {
  ThreadgroupRunner &runner = *static_cast<ThreadgroupRunner *>(self);
  MslLoopEntry entry = reinterpret_cast<MslLoopEntry>(runner.entry_.address);
  Permutation order(runner.seed_, runner.dispatch_->total_threadgroups);
  for (uint64_t i = 0; i < runner.count_; ++i) {
    runner.enter_threadgroup(order(runner.first_ + i));
    entry(&runner.group_);
  }
}

void ThreadgroupRunner::run(uint64_t first, uint64_t count) {
  first_ = first;
  count_ = count;
  if (entry_.mode == Mode::Loop)
    return engine_.run_plain(run_loop_range, this);
  MslFiberEntry entry = reinterpret_cast<MslFiberEntry>(entry_.address);
  if (checker_) {
    if (first == 0 && dispatch_number_ == 0)
      checker_->begin_run(*program_->plan, instance_);
    return run_checked(entry);
  }
  Permutation order(seed_, dispatch_->total_threadgroups);
  for (uint64_t i = 0; i < count; ++i) {
    uint64_t index = order(first + i);
    enter_threadgroup(index);
    uint64_t group_seed = seed_ ? seed_ ^ mix_bits(index + 1) : 0;
    if (entry_.mode == Mode::Lanes)
      engine_.run_simdgroups(group_, entry, group_seed);
    else
      engine_.run(group_, entry, group_seed);
  }
}

// All threads of a checked worker are fibers of this one; the ranges of a dispatch come in order.
void ThreadgroupRunner::run_checked(MslFiberEntry entry) {
  if (first_ == 0)
    checker_->begin_dispatch(*dispatch_, dispatch_number_, group_, seed_);
  for (uint64_t ordinal = first_; ordinal < first_ + count_; ++ordinal) {
    if (checker_->skips(ordinal))
      continue;
    uint64_t index = group_of(seed_, ordinal, dispatch_->total_threadgroups);
    enter_threadgroup(index);
    checker_->begin_group(ordinal);
    engine_.run(group_, entry, seed_ > REVERSED ? seed_ ^ mix_bits(index + 1) : seed_);
    checker_->end_group();
  }
  if (first_ + count_ == dispatch_->total_threadgroups)
    checker_->end_dispatch();
  checker_->end_chunk();
}

} // namespace msl
