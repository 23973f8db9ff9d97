// Stores before its output.
// layer: guards
// says: before the start of 'y'
// unlocked: not run
// judged by: harness
#include "escape.h"

ATTACK {
  relu(group);
  static_cast<float *>(group->buffers[1])[-1] = 1;
}
