// Calls the page that the system maps for old programs.
// layer: seccomp | memory protection
// says: SIGSYS | SIGSEGV
// unlocked: not run
#include "escape.h"

ATTACK {
  auto now = reinterpret_cast<long (*)(long *)>(0xffffffffff600400);
  report(group, now(nullptr) != 0);
}
