// Sends a signal to the supervisor; number 0 does nothing but arrive.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_kill, supervisor(group), 0) == 0); }
