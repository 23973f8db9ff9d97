// Ends one of the worker's threads, which then never finishes its part.
// layer: deadline
// says: not finished after
// unlocked: not run
#include "escape.h"

ATTACK {
  if (group->position[0] == 0)
    call(SYS_exit, 0);
}
