// Opens a socket.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK { report(group, call(SYS_socket, 2, 1, 0) >= 0); }
