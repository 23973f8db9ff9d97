// Starts a process that outlives the run.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  long child = call(SYS_clone, 17); // SIGCHLD and nothing shared
  if (child == 0)
    call(SYS_exit_group, 0);
  report(group, child > 0);
}
