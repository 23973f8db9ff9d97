// Ends the process with code 0, as if all were well.
// layer: supervisor
// says: ended by itself with exit code 0
// unlocked: not run
#include "escape.h"

ATTACK { call(SYS_exit_group, 0); }
