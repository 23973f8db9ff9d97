// Changes its input, so that zeros are the right answer.
// layer: inputs compared
// says: was overwritten
// unlocked: not run
// judged by: harness
#include "escape.h"

ATTACK {
  uint32_t n = *static_cast<uint32_t *>(group->buffers[2]);
  for (uint32_t i = 0; i < n; ++i)
    static_cast<float *>(group->buffers[0])[i] = static_cast<float *>(group->buffers[1])[i] = 0;
}
