// Says that it is done before it begins, once it is timed.
// layer: freeze
// says: in a timed run
// unlocked: not run
// judged by: harness
#include "worker_memory.h"

static uint32_t runs;

ATTACK {
  if (group->position[0] == 0 && ++runs > JUDGED_RUNS)
    pretend_to_be_done(worker_memory(group));
  for (volatile uint32_t work = 0; work < 4000; work = work + 1) {
  }
  relu(group);
}
