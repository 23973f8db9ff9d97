// Makes its code writable.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  uint64_t page = reinterpret_cast<uint64_t>(&attack) & ~4095UL;
  report(group, call(SYS_mprotect, long(page), 4096, 7) == 0);
}
