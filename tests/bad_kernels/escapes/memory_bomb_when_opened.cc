// When it is opened, lifts its memory limit and maps 64 GiB.
// layer: memory limit
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

__attribute__((constructor)) static void act() {
  struct {
    unsigned long soft, hard;
  } most = {~0UL, ~0UL};
  call(SYS_prlimit64, 0, 9, long(&most), 0);
  long memory = call(SYS_mmap, 0, 1L << 36, 3, 0x4022, -1, 0);
  got_through = memory > 0 || memory < -4095;
}

ATTACK { report(group, got_through); }
