// What a worker can still say when a kernel faults: the address, and whether it was the end of a fiber's stack.
#pragma once
#include "control.h"
#include "stacks.h"

namespace msl {

// Installs the handlers for the whole process. They write to `control` and let the signal kill the process.
bool install_crash_handlers(Control &control);

// An alternate signal stack for the calling thread: a fiber that has overflowed its own cannot run a handler.
bool use_signal_stack();

// Faults inside `stacks` are reported as stack overflow.
void watch_stacks(const Stacks &stacks);

} // namespace msl
