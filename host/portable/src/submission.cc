// How the worker's threads share a submission.
#include "submission.h"

namespace msl {
namespace {

// Chunks a thread: enough to even out threads of unequal speed, few enough that claiming costs nothing.
constexpr uint64_t CHUNKS_PER_THREAD = 16;
constexpr uint64_t MAX_CHUNKS = uint64_t(1) << 31;
constexpr int SPINS = 64; // about 1 to 2 microseconds of pause instructions; a clock might be a system call

} // namespace

bool Submissions::claim(uint64_t &chunk) {
  uint64_t seen = unclaimed_.load(std::memory_order_acquire);
  while (uint32_t(seen) != 0)
    if (unclaimed_.compare_exchange_weak(seen, seen - 1, std::memory_order_acquire)) {
      chunk = chunks_ - uint32_t(seen);
      return true;
    }
  return false;
}

void Submissions::run_chunk(ThreadgroupRunner &runner, uint64_t chunk) {
  uint64_t first = chunk * chunk_groups_;
  uint64_t count = groups_ - first < chunk_groups_ ? groups_ - first : chunk_groups_;
  runner.run(program, instance_, dispatch_, first, count, seed_);
  finish_chunk();
}

void Submissions::finish_chunk() {
  if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) != 1)
    return;
  if (step_ + 1 < steps_)
    publish(step_ + 1);
  else
    complete();
}

void Submissions::begin() {
  submission_ = control_.submitted.load(std::memory_order_acquire);
  seed_ = control_.schedule_seed;
  steps_ = uint64_t(control_.instance_count) * program.plan->dispatch_count;
  if (steps_ == 0)
    complete();
  else
    publish(0);
}

void Submissions::publish(uint64_t step) {
  const Plan &plan = *program.plan;
  step_ = step;
  instance_ = control_.first_instance + uint32_t(step / plan.dispatch_count);
  dispatch_ = uint32_t(step % plan.dispatch_count);
  groups_ = plan.dispatches[dispatch_].total_threadgroups;
  chunk_groups_ = groups_ / (threads_ * CHUNKS_PER_THREAD);
  if (chunk_groups_ == 0)
    chunk_groups_ = 1;
  if (groups_ / chunk_groups_ > MAX_CHUNKS)
    chunk_groups_ = groups_ / MAX_CHUNKS + 1;
  chunks_ = (groups_ + chunk_groups_ - 1) / chunk_groups_;
  unfinished_.store(uint32_t(chunks_), std::memory_order_relaxed);
  unclaimed_.store(uint64_t(++tag_) << 32 | chunks_, std::memory_order_seq_cst);
  if (chunks_ == 1)
    return; // the publisher takes it
  control_.bell.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0)
    futex_wake(control_.bell, int(chunks_ < threads_ ? chunks_ - 1 : threads_ - 1));
}

void Submissions::complete() {
  control_.done.store(submission_, std::memory_order_release);
  futex_wake(control_.done, 1);
}

void Submissions::sleep(uint32_t bell) {
  for (int i = 0; i < SPINS; ++i) {
    if (control_.bell.load(std::memory_order_acquire) != bell)
      return;
    spin_pause();
  }
  sleepers_.fetch_add(1, std::memory_order_seq_cst);
  futex_wait(control_.bell, bell);
  sleepers_.fetch_sub(1, std::memory_order_relaxed);
}

[[noreturn]] void Submissions::work(ThreadgroupRunner &runner) {
  while (true) {
    uint32_t bell = control_.bell.load(std::memory_order_seq_cst);
    uint64_t chunk;
    if (claim(chunk)) {
      run_chunk(runner, chunk);
      continue;
    }
    uint32_t submitted = control_.submitted.load(std::memory_order_acquire);
    uint32_t taken = taken_.load(std::memory_order_acquire);
    if (submitted != taken && taken_.compare_exchange_strong(taken, submitted, std::memory_order_acq_rel)) {
      begin();
      continue;
    }
    sleep(bell);
  }
}

} // namespace msl
