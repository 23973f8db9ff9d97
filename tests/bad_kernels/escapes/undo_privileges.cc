// Makes itself open to debuggers again.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_prctl, 4, 1, 0, 0, 0) == 0); }
