// Opens its memory as a file, which would ignore page protections.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, open_file("/proc/self/mem", O_RDWR) >= 0); }
