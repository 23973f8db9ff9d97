// The candidate's library: opened once, late, and only for the entry points that were named.
#pragma once
#include "control.h"
#include "threadgroups.h"

namespace msl {

// Opens `message.library` and fills `entries`. On failure returns Refused or Fault and a text in `why` (of `size`
// bytes).
Answer open_library(const LoadMessage &message, KernelEntry *entries, char *why, size_t size);

} // namespace msl
