// Has 16 GiB of zeroed memory.
// layer: memory limit
// says: the memory limit is
// unlocked: not run
#include "escape.h"

static volatile char bomb[uint64_t(16) << 30];

ATTACK {
  bomb[group->position[0]] = 1;
  report(group, bomb[group->position[0]]);
}
