// Moves the end of its data segment.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_brk, 0) > 0); }
