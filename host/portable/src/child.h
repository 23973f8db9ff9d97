// One worker process as the supervisor sees it: started, given submissions, stopped, killed, and its death explained.
#pragma once
#include "control.h"
#include "protocol.h"

#include <sys/types.h>

namespace msl {

class Child {
public:
  enum class Outcome { Done, Died, Late, Orphaned };

  struct Completion {
    Outcome outcome = Outcome::Done;
    int64_t elapsed_ns = 0;
  };

  Child() = default;
  ~Child() { kill(); }
  Child(const Child &) = delete;
  Child &operator=(const Child &) = delete;

  // Starts the worker program with fresh shared memory.
  Verdict start(const std::string &worker_program);

  // Gives the worker a descriptor, which it takes while it handles Map.
  Verdict send(int descriptor);
  // The worker's memory from now on: as large as the system lets it be, or no larger than it is.
  bool lift_memory_limit();
  bool forbid_growth();

  // Submits `command` and waits for it at most `deadline_ms`. Everything else in the shared memory must be written
  // before. With `freeze` a worker that says it is done is stopped at once: what it has not done then, it has not done.
  Completion submit(Command command, uint64_t deadline_ms, bool freeze = false);

  // Returns once no thread of the worker can run; false if the worker died instead.
  bool freeze();
  void thaw();

  void kill();
  bool alive() const { return process_ > 0; }
  bool frozen() const { return frozen_; }
  // Of the last death: in words.
  const std::string &death() const { return death_; }
  Shared &shared() { return *shared_; }

private:
  bool reap(bool wait);
  void forget();
  std::string explain(int status) const;

  pid_t process_ = 0;
  int channel_ = -1;
  Shared *shared_ = nullptr;
  uint32_t submission_ = 0;
  bool frozen_ = false;
  std::string death_;
};

// Must be called once before the first Child: a worker's death has to interrupt the wait for it.
bool watch_for_deaths();

// Whether whoever writes our standard input is gone.
bool input_closed();

} // namespace msl
