// When it is opened, looks for descriptors that somebody left open.
// layer: closed descriptors
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

// 4 is the channel that the pool comes through: nothing can be sent there.
__attribute__((constructor)) static void act() {
  char facts[256];
  for (long descriptor = 0; descriptor < 1024; ++descriptor)
    if (descriptor != 4)
      got_through += call(SYS_fstat, descriptor, long(facts)) == 0;
}

ATTACK { report(group, got_through); }
