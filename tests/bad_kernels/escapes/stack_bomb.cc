// Recurses until the stack ends.
// layer: stack guard
// says: stack overflow
// unlocked: not run
#include "escape.h"

__attribute__((noinline)) static uint32_t deeper(uint32_t n) {
  volatile uint32_t local[1024];
  local[n % 1024] = n;
  return n ? deeper(n - 1) + local[n % 1024] : 0;
}

ATTACK { report(group, deeper(1 << 20) != 0); }
