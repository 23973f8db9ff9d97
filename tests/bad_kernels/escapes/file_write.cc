// Makes a file.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, open_file(VICTIM ".new", O_CREAT | O_WRONLY) >= 0); }
