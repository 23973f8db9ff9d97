// msl_abi.h: the binary contract between a compiled .metal library and the worker that runs it. Plain C layout,
// included by both; nothing else is shared.
#pragma once
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { MSL_SIMD_WIDTH = 32, MSL_MAX_THREADS = 1024, MSL_MAX_BUFFERS = 31, MSL_MAX_PATH = 15 };

// One threadgroup while it runs on one operating-system thread.
typedef struct MslGroup {
  uint32_t threads_per_grid[3];
  uint32_t threadgroups_per_grid[3];
  uint32_t position[3];     // threadgroup_position_in_grid
  uint32_t nominal_size[3]; // dispatch_threads_per_threadgroup
  uint32_t size[3];         // threads_per_threadgroup: smaller at the grid's edge
  char *threadgroup_memory; // static threadgroup variables, at their offset in the function's section
  void *threadgroup_arguments[MSL_MAX_BUFFERS]; // [[threadgroup(n)]]
  void *buffers[MSL_MAX_BUFFERS];               // [[buffer(n)]]
} MslGroup;

// Where a lane is in structured control flow: (call site or loop, iteration) pairs, outermost first. Among the blocked
// lanes of a SIMD-group the lexicographically smallest path runs first, the collective's own site being its last step;
// sites grow along the source text, so that this is what reconvergence at the end of if and loop means. Steps beyond
// MSL_MAX_PATH are not recorded.
typedef struct MslStep {
  uint32_t site;
  uint32_t iteration;
} MslStep;

typedef struct MslPath {
  uint32_t depth;
  MslStep steps[MSL_MAX_PATH];
} MslPath;

// One MSL thread. `lane` and `simdgroup` follow from `index`.
typedef struct MslThread {
  const MslGroup *group;
  uint32_t position[3]; // thread_position_in_threadgroup
  uint32_t index;       // thread_index_in_threadgroup
  MslPath path;
} MslThread;

// The running thread, whose path the library keeps. Valid in "fiber" mode only; in "loop" mode a library must not call
// the functions below. Initial-exec TLS of the worker's executable, so a library reads it with one load.
extern __thread MslThread *msl_self __attribute__((tls_model("initial-exec")));
// The running threadgroup, in both modes.
extern __thread const MslGroup *msl_group __attribute__((tls_model("initial-exec")));

// Entry points of a library, one symbol a kernel as reflected by the front end:
typedef void (*MslLoopEntry)(const MslGroup *group);    // mode "loop": runs every thread of the threadgroup
typedef void (*MslFiberEntry)(const MslThread *thread); // mode "fiber": runs one thread
// Mode "lanes" has the signature of "fiber" and runs a whole SIMD-group, whose number `index` is; nothing else of the
// thread but `group` is set. It may call msl_threadgroup_barrier, on which SIMD-groups then wait for each other.

// threadgroup_barrier: returns when every live thread of the threadgroup has arrived at some barrier; a thread that has
// returned no longer counts. `flags` is MSL's mem_flags, `site` the call's place in the source.
void msl_threadgroup_barrier(uint32_t flags, uint32_t site);

// A SIMD-group collective: once every live lane of the SIMD-group is blocked, `combine` runs once over the slots of the
// active lanes, then those go on. A lane is active if it is at this `site` with an equal path. `slots[l]` is what lane
// l passed, NULL if it is not active; `active` has its bit l set if it is; `argument` is that of the lowest active
// lane. `combine` runs on the stack of any lane of the SIMD-group and must not block. A collective whose combine does
// nothing is simdgroup_barrier.
typedef void (*MslCombine)(void *const *slots, uint32_t active, const void *argument);
void msl_simd_collective(void *slot, MslCombine combine, const void *argument, uint32_t site);

#ifdef __cplusplus
}
#endif
