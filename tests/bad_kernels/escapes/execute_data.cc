// Executes bytes that it computed.
// layer: memory protection
// says: SIGSEGV
// unlocked: not run
#include "escape.h"

static unsigned char code[16];

ATTACK {
  code[0] = 0xc3; // return
  reinterpret_cast<void (*)()>(code)();
  report(group, 1);
}
