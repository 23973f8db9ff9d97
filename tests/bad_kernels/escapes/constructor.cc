// Runs when it is opened: writes, connects, signals.
// layer: loading filter
// says: contained
// unlocked: acts
#include "escape.h"

static uint32_t got_through;

__attribute__((constructor)) static void act() { got_through = act_outside(); }

ATTACK { report(group, got_through); }
