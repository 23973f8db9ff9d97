// From a kernel's arguments to the memory that worker and supervisor share, along the worker's own structures: what a
// kernel that knows this host's source and can follow pointers would find.
#pragma once
#include "escape.h"

#include <atomic>

#define private public
#include "threadgroups.h"
#undef private

struct ComputeThreadLayout {
  msl::Shared **worker; // whose first member is the address of the shared memory
  msl::ThreadgroupRunner runner;
};

inline msl::Shared &worker_memory(const MslGroup *group) {
  const char *place = reinterpret_cast<const char *>(group);
  place -= __builtin_offsetof(ComputeThreadLayout, runner) + __builtin_offsetof(msl::ThreadgroupRunner, group_);
  return **reinterpret_cast<const ComputeThreadLayout *>(place)->worker;
}

inline void pretend_to_be_done(msl::Shared &shared) {
  shared.control.done.store(shared.control.submitted.load());
  call(SYS_futex, reinterpret_cast<long>(&shared.control.done), 1, 1, 0, 0, 0);
}
