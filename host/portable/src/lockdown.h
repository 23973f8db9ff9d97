// Takes from the worker, in two stages, everything a kernel does not need.
#pragma once
#include <stdint.h>

namespace msl {

// Dies with its parent, cannot be traced or dumped, can gain no privileges.
bool detach_from_system(int expected_parent);

// Closes every descriptor from `first` to `last`.
void close_descriptors(unsigned first, unsigned last = ~0u);

// Stage 1, before the library is opened: opening and mapping files for reading, nothing that acts on the outside; other
// system calls fail. All threads. Limits are out of reach from here on: they are the supervisor's.
bool enter_loading_stage();

// Until the supervisor says otherwise the process may grow by `bytes` (0: no limit).
bool limit_growth(uint64_t bytes);

// Stage 2, before a kernel can run: no descriptor, no system call but waiting, yielding and ending; anything else kills
// the process. All threads.
bool enter_running_stage();

} // namespace msl
