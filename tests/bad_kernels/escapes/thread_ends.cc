// Ends one of the worker's threads, which then never finishes its part.
// layer: deadline
// says: not finished after
// unlocked: not run
#include "escape.h"

ATTACK {
  call(SYS_exit, 0);
}
