// Takes over the signal that ends it.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  long action[4] = {1, 0, 0, 0}; // ignore
  report(group, call(SYS_rt_sigaction, 31, long(action), 0, 8) == 0);
}
