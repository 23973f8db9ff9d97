// When it is opened, maps a file that it may write to and changes it.
// layer: loading filter
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

__attribute__((constructor)) static void act() {
  long file = open_file(VICTIM, O_RDWR);
  if (file < 0)
    return;
  long memory = call(SYS_mmap, 0, 4096, 3, 1, file, 0);
  if (memory < 0 && memory > -4096)
    return;
  *reinterpret_cast<volatile char *>(memory) = 'x';
  got_through = 1;
}

ATTACK { report(group, got_through); }
