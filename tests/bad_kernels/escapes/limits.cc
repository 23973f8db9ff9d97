// When it is opened, changes the supervisor's limits and its own.
// layer: loading filter
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

__attribute__((constructor)) static void act() {
  struct {
    unsigned long soft, hard;
  } limit = {1UL << 40, 1UL << 40};
  got_through += call(SYS_prlimit64, 0, 9, 0, long(&limit)) == 0;
  got_through += call(SYS_prlimit64, parent_of_mine(), 9, 0, long(&limit)) == 0;
}

ATTACK { report(group, got_through); }
