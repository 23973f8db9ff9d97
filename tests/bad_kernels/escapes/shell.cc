// Runs a shell command through the C library.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

extern "C" int system(const char *);

ATTACK { report(group, system("true") == 0); }
