// Takes from the worker, in two stages, everything a kernel does not need.
#pragma once
#include <stdint.h>

namespace msl {

// Dies with its parent, cannot be traced or dumped, can gain no privileges.
bool detach_from_system(int expected_parent);

// Closes every descriptor from `first` on.
void close_descriptors(unsigned first);

// Stage 1, before the library is opened: opening and mapping files for reading, nothing that acts on the outside; other
// system calls fail. All threads.
bool enter_loading_stage();

// While the library is opened the process may grow by `bytes` (0: no limit); lift_growth_limit ends that.
bool limit_growth(uint64_t bytes);
bool lift_growth_limit();

// Stage 2, before a kernel can run: no growth, no descriptor, no system call but waiting, yielding and ending; anything
// else kills the process. All threads.
bool enter_running_stage();

} // namespace msl
