// How the worker's threads share a submission.
#include "submission.h"

namespace msl {
namespace {

// A claim takes this part of what is left: the last claims are single threadgroups, so that threads end together
// whatever threadgroups cost, and all claims together cost nothing.
constexpr uint32_t PORTIONS = 32;
constexpr uint64_t MAX_UNITS = uint64_t(1) << 31;
constexpr int SPINS = 64; // about 1 to 2 microseconds of pause instructions; a clock might be a system call

uint64_t packed(Range range) { return uint64_t(range.first) << 32 | range.end; }
Range unpacked(uint64_t word) { return {uint32_t(word >> 32), uint32_t(word)}; }

} // namespace

bool Submissions::take(Share &share, bool from_front, Range &claimed) {
  uint64_t seen = share.left.load(std::memory_order_acquire);
  while (true) {
    Range left = unpacked(seen), rest = left;
    if (left.length() == 0)
      return false;
    uint32_t portion = threads_ == 1 ? left.length() : left.length() / PORTIONS + 1;
    if (from_front)
      rest.first = claimed.end = (claimed.first = left.first) + portion;
    else
      rest.end = claimed.first = (claimed.end = left.end) - portion;
    if (share.left.compare_exchange_weak(seen, packed(rest), std::memory_order_acquire))
      return true;
  }
}

bool Submissions::claim(uint32_t self, Range &claimed) {
  if (take(shares_[self], true, claimed))
    return true;
  while (true) {
    Share *longest = nullptr;
    uint32_t most = 0;
    for (uint32_t i = 0; i < threads_; ++i) {
      uint32_t length = unpacked(shares_[i].left.load(std::memory_order_acquire)).length();
      if (length > most) {
        longest = &shares_[i];
        most = length;
      }
    }
    if (!longest)
      return false;
    if (take(*longest, false, claimed))
      return true;
  }
}

void Submissions::run(ThreadgroupRunner &runner, uint64_t &bound, Range claimed) {
  if (bound != published_) {
    bound = published_;
    runner.bind(program, instance_, dispatch_, seed_);
  }
  uint64_t first = claimed.first * unit_groups_, end = claimed.end * unit_groups_;
  runner.run(first, (end < groups_ ? end : groups_) - first);
  finish(claimed.length());
}

void Submissions::finish(uint32_t units) {
  if (unfinished_.fetch_sub(units, std::memory_order_acq_rel) != units)
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
  ++published_;
  instance_ = control_.first_instance + uint32_t(step / plan.dispatch_count);
  dispatch_ = uint32_t(step % plan.dispatch_count);
  groups_ = plan.dispatches[dispatch_].total_threadgroups;
  unit_groups_ = groups_ / MAX_UNITS + 1;
  uint32_t units = uint32_t((groups_ + unit_groups_ - 1) / unit_groups_);
  unfinished_.store(units, std::memory_order_relaxed);
  deal(units);
  if (units == 1)
    return; // the publisher takes it
  control_.bell.fetch_add(1, std::memory_order_seq_cst);
  if (sleepers_.load(std::memory_order_seq_cst) != 0)
    futex_wake(control_.bell, int((units < threads_ ? units : threads_) - 1));
}

void Submissions::deal(uint32_t units) {
  for (uint64_t i = 0; i < threads_; ++i) {
    Range range = {uint32_t(units * i / threads_), uint32_t(units * (i + 1) / threads_)};
    shares_[i].left.store(packed(range), std::memory_order_seq_cst);
  }
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

[[noreturn]] void Submissions::work(ThreadgroupRunner &runner, uint32_t self) {
  uint64_t bound = 0; // the step that `runner` is bound to
  while (true) {
    uint32_t bell = control_.bell.load(std::memory_order_seq_cst);
    Range claimed;
    if (claim(self, claimed)) {
      run(runner, bound, claimed);
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
