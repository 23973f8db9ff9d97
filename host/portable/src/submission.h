// Submissions of the worker: the steps (instance, dispatch) of one `run` in order. The threadgroups of a step are dealt
// to the threads in ranges. A thread takes portions from the front of its own range; when that is empty it steals from
// the back of the longest one left. A step begins when the one before has ended; nobody waits for a thread that slept
// through.
#pragma once
#include "threadgroups.h"

namespace msl {

// Consecutive units of a step: a unit is a threadgroup, or some where there are more than a word can count.
struct Range {
  uint32_t first, end;
  uint32_t length() const { return end - first; }
};

class Submissions {
public:
  Submissions(Control &control, uint32_t threads) : control_(control), threads_(threads) {}

  Program program;

  // Runs submissions for ever, as thread number `self` of the worker's.
  [[noreturn]] void work(ThreadgroupRunner &runner, uint32_t self);
  // The submission that set-up was told of last: not for the threads.
  void skip(uint32_t submission) { taken_.store(submission); }

private:
  // What nobody has claimed of a thread's range, in one word: a claim is one exchange of it. Only a publisher refills
  // it, so whoever wins the exchange has units of the current step, however long ago it looked at other words.
  struct alignas(64) Share {
    std::atomic<uint64_t> left{0};
  };

  bool claim(uint32_t self, Range &claimed);
  bool take(Share &share, bool from_front, Range &claimed);
  void run(ThreadgroupRunner &runner, uint64_t &bound, Range claimed);
  void begin();
  void publish(uint64_t step);
  void deal(uint32_t units);
  void finish(uint32_t units);
  void complete();
  void sleep(uint32_t bell);

  Control &control_;
  uint32_t threads_;

  Share shares_[MAX_WORKER_THREADS];
  alignas(64) std::atomic<uint32_t> unfinished_{0};
  alignas(64) std::atomic<uint32_t> sleepers_{0};
  Word taken_{0};

  // The current step; written by whoever publishes it, read by whoever has claimed units of it.
  alignas(64) uint64_t step_ = 0, steps_ = 0;
  uint64_t published_ = 0; // steps so far, of all submissions
  uint32_t instance_ = 0, dispatch_ = 0, submission_ = 0;
  uint64_t groups_ = 0, unit_groups_ = 0, seed_ = 0;
};

} // namespace msl
