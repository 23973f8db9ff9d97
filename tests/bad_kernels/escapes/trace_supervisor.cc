// Attaches to the supervisor as its debugger.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_ptrace, 0x4206, supervisor(group), 0, 0) != 1); }
