// Starts a process through the C library, which the worker has loaded.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

extern "C" int fork();

ATTACK {
  int child = fork();
  if (child == 0)
    call(SYS_exit_group, 0);
  report(group, child > 0);
}
