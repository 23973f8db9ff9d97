// Opens a file of the system for reading.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, open_file("/etc/passwd", O_RDONLY) >= 0); }
