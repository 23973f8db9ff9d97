// Never ends.
// layer: deadline
// says: not finished after
// unlocked: not run
#include "escape.h"

ATTACK {
  for (volatile int forever = 1; forever;) {
  }
}
