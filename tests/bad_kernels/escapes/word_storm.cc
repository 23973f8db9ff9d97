// Keeps changing the word that the supervisor sleeps on.
// layer: deadline
// says: not finished after
// unlocked: not run
#include "worker_memory.h"

ATTACK {
  for (uint32_t value = 0x7fffffff;; value ^= 0x80000000u)
    worker_memory(group).control.done.store(value);
}
