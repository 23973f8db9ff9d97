// lanes_runtime.cc: lanes as user contexts, collectives grouped by call site; the smallest site goes first.
#include "lanes_runtime.h"
#include "msl_abi.h"

#include <stdlib.h>
#include <ucontext.h>

__thread MslThread *msl_self;
__thread const MslGroup *msl_group;

namespace {

enum State { ready, blocked, over };
struct Lane {
  ucontext_t context;
  char *stack;
  MslThread thread;
  State state;
  void *slot;
  MslCombine combine;
  const void *argument;
  uint32_t site;
};
constexpr int stack_bytes = 256 << 10;
Lane all[MSL_SIMD_WIDTH];
ucontext_t scheduler;
int current;
void (*lane_body)(int);

void enter() {
  lane_body(current);
  all[current].state = over;
  swapcontext(&all[current].context, &scheduler);
}
void resume(int lane) {
  current = lane;
  msl_self = &all[lane].thread;
  swapcontext(&scheduler, &all[lane].context);
}
// The blocked lanes at the smallest site meet.
bool meet(int count) {
  int first = -1;
  for (int i = 0; i < count; ++i)
    if (all[i].state == blocked && (first < 0 || all[i].site < all[first].site))
      first = i;
  if (first < 0)
    return false;
  void *slots[MSL_SIMD_WIDTH] = {};
  uint32_t active = 0;
  for (int i = 0; i < count; ++i)
    if (all[i].state == blocked && all[i].site == all[first].site) {
      slots[i] = all[i].slot;
      active |= 1u << i;
      all[i].state = ready;
    }
  all[first].combine(slots, active, all[first].argument);
  return true;
}

} // namespace

extern "C" void msl_simd_collective(void *slot, MslCombine combine, const void *argument, uint32_t site) {
  Lane &lane = all[current];
  lane.slot = slot, lane.combine = combine, lane.argument = argument, lane.site = site;
  lane.state = blocked;
  swapcontext(&lane.context, &scheduler);
}
extern "C" void msl_threadgroup_barrier(uint32_t, uint32_t) { abort(); }

extern "C" void run_lanes(int count, void (*body)(int)) {
  lane_body = body;
  for (int i = 0; i < count; ++i) {
    Lane &lane = all[i];
    if (!lane.stack)
      lane.stack = static_cast<char *>(malloc(stack_bytes));
    getcontext(&lane.context);
    lane.context.uc_stack.ss_sp = lane.stack;
    lane.context.uc_stack.ss_size = stack_bytes;
    lane.context.uc_link = nullptr;
    makecontext(&lane.context, enter, 0);
    lane.thread = MslThread{};
    lane.thread.index = static_cast<uint32_t>(i);
    lane.state = ready;
  }
  do {
    for (int i = 0; i < count; ++i)
      if (all[i].state == ready)
        resume(i);
  } while (meet(count));
}
