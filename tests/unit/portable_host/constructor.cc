// A library that acts when it is opened: the harness refuses such a file, and the worker's first filter must hold too.
#include "msl_abi.h"

extern "C" int creat(const char *, unsigned);
extern "C" int socket(int, int, int);
extern "C" int *__errno_location();

static int found[2];

__attribute__((constructor)) static void act() {
  found[0] = creat("constructor-was-here", 0600) < 0 ? *__errno_location() : 0;
  found[1] = socket(1, 1, 0) < 0 ? *__errno_location() : 0;
}

extern "C" __attribute__((visibility("default"))) void tell(const MslGroup *group) {
  static_cast<int *>(group->buffers[0])[0] = found[0];
  static_cast<int *>(group->buffers[0])[1] = found[1];
}
