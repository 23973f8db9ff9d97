// Submissions of the worker: the steps (instance, dispatch) of one `run` in order, each split into chunks that the
// threads claim. A step begins when the last chunk of the one before has ended; nobody waits for a thread that slept
// through.
#pragma once
#include "threadgroups.h"

namespace msl {

class Submissions {
public:
  Submissions(Control &control, uint32_t threads) : control_(control), threads_(threads) {}

  Program program;

  // Runs submissions for ever, as one of the worker's threads.
  [[noreturn]] void work(ThreadgroupRunner &runner);
  // The submission that set-up was told of last: not for the threads.
  void skip(uint32_t submission) { taken_.store(submission); }

private:
  bool claim(uint64_t &chunk);
  void run_chunk(ThreadgroupRunner &runner, uint64_t chunk);
  void begin();
  void publish(uint64_t step);
  void finish_chunk();
  void complete();
  void sleep(uint32_t bell);

  Control &control_;
  uint32_t threads_;

  alignas(64) std::atomic<uint64_t> unclaimed_{0}; // step number << 32 | chunks that nobody has claimed
  alignas(64) std::atomic<uint32_t> unfinished_{0};
  alignas(64) std::atomic<uint32_t> sleepers_{0};
  Word taken_{0};

  // The current step; written by whoever publishes it, read by whoever has claimed one of its chunks.
  alignas(64) uint64_t step_ = 0, steps_ = 0;
  uint32_t tag_ = 0;
  uint32_t instance_ = 0, dispatch_ = 0, submission_ = 0;
  uint64_t groups_ = 0, chunk_groups_ = 0, chunks_ = 0, seed_ = 0;
};

} // namespace msl
