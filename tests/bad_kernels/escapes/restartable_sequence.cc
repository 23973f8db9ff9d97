// Asks the system to move it elsewhere when it is interrupted.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_rseq, 0, 0, 0, 0) != 1); }
