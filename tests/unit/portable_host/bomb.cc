// A library that asks for 16 GiB of zeroed memory.
#include "msl_abi.h"

static char bomb[uint64_t(16) << 30];

extern "C" __attribute__((visibility("default"))) void explode(const MslGroup *group) {
  bomb[group->position[0]] = 1;
  static_cast<char *>(group->buffers[0])[0] = bomb[group->position[0] + 1];
}
