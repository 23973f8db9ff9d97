// Sleeps for a while and goes on: work after the end of a run needs that.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  uint32_t word = 0;
  long duration[2] = {0, 1000000};
  call(SYS_futex, long(&word), 0, 0, long(duration), 0, 0);
  report(group, 1);
}
