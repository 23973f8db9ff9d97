// Once it is timed, says that it is done before it begins.
// layer: freeze
// says: in a timed run
// unlocked: not run
// judged by: harness
#include "worker_memory.h"

static uint32_t runs;

ATTACK {
  if (group->position[0] == 0 && ++runs > JUDGED_RUNS) {
    pretend_to_be_done(worker_memory(group));
    // Longer than a loaded machine keeps the supervisor waiting: until that runs, its clock does too.
    for (volatile uint32_t work = 0; work < 150000000; work = work + 1) {
    }
  }
  relu(group);
}
