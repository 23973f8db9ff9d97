// Becomes another program. The name is of none, so that the call alone shows.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  const char *none[] = {nullptr};
  report(group, call(SYS_execve, long("/nonexistent"), long(none), long(none)) != 0);
}
