// Waits for a word that nobody changes.
// layer: deadline
// says: not finished after
// unlocked: not run
#include "escape.h"

ATTACK {
  uint32_t word = 0;
  while (true)
    call(SYS_futex, long(&word), 0, 0, 0, 0, 0);
}
