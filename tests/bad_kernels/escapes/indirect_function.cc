// Runs when the loader asks which function it means.
// layer: loading filter
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

extern "C" void *choose() {
  got_through = act_outside();
  return nullptr;
}
extern "C" __attribute__((visibility("default"), ifunc("choose"))) void chosen();

ATTACK {
  void *volatile force = reinterpret_cast<void *>(chosen);
  (void)force;
  report(group, got_through);
}
