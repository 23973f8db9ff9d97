// Says that it is done, then goes on changing its output.
// layer: freeze
// says: stands still
// unlocked: not run
#include "worker_memory.h"

ATTACK {
  pretend_to_be_done(worker_memory(group));
  while (true)
    ++*(static_cast<volatile uint32_t *>(group->buffers[0]) + 1);
}
