// Maps all memory there is.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_mmap, 0, 1L << 36, 3, 0x4022, -1, 0) > 0); }
