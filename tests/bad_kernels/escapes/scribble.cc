// Overwrites all that it shares with the supervisor, then crashes with a story.
// layer: supervisor | memory protection
// says: SIG
// unlocked: not run
#include "worker_memory.h"

ATTACK {
  msl::Shared &shared = worker_memory(group);
  char *bytes = reinterpret_cast<char *>(&shared);
  for (uint64_t i = 0; i < sizeof(msl::Shared) + 65536; ++i)
    bytes[i] = char(0xff);
  shared.control.fault_kind.store(2);
  shared.control.done.store(0x7ffffffe);
  __builtin_trap();
}
