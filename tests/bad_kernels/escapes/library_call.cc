// Opens another library.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

extern "C" void *dlopen(const char *, int);

ATTACK { report(group, dlopen("libutil.so.1", 2) != nullptr); }
