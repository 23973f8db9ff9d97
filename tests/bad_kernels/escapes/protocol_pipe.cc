// Writes an answer of its own to the harness.
// layer: seccomp
// says: blocked system call
// unlocked: acts
#include "escape.h"

ATTACK {
  constexpr char FORGED[] = "{\"ok\":true,\"elapsed_ns\":1,\"clock\":\"wall\"}\n";
  report(group, call(SYS_write, 1, long(FORGED), sizeof FORGED - 1) > 0);
}
