// Hand-written libraries against msl_abi.h: what a compiled .metal file looks like to the worker, honest and hostile.
#include "msl_abi.h"

#define KERNEL extern "C" __attribute__((visibility("default"))) void

namespace {

template <typename T> T *buffer(const MslGroup *group, int index) { return static_cast<T *>(group->buffers[index]); }

uint32_t global_index(const MslThread *thread) {
  return thread->group->position[0] * thread->group->nominal_size[0] + thread->index;
}

void add_up(void *const *slots, uint32_t active, const void *) {
  uint32_t sum = 0;
  for (int lane = 0; lane < MSL_SIMD_WIDTH; ++lane) {
    bool is_active = active >> lane & 1;
    if (is_active != (slots[lane] != nullptr))
      sum += 1000000; // the contract is broken: no expected value is this large
    if (is_active)
      sum += *static_cast<uint32_t *>(slots[lane]);
  }
  for (int lane = 0; lane < MSL_SIMD_WIDTH; ++lane)
    if (slots[lane])
      *static_cast<uint32_t *>(slots[lane]) = sum;
}

uint32_t simd_sum(uint32_t value, uint32_t site) {
  msl_simd_collective(&value, add_up, nullptr, site);
  return value;
}

struct Scope {
  explicit Scope(uint32_t site) { msl_self->path.steps[msl_self->path.depth++] = {site, 0}; }
  ~Scope() { --msl_self->path.depth; }
  void next() { ++msl_self->path.steps[msl_self->path.depth - 1].iteration; }
};

__attribute__((noinline)) uint32_t helper_sum(uint32_t value, uint32_t call_site) {
  Scope call(call_site);
  return simd_sum(value, 1);
}

} // namespace

KERNEL copy(const MslGroup *group) {
  for (uint32_t i = 0; i < group->size[0]; ++i) {
    uint32_t k = group->position[0] * group->nominal_size[0] + i;
    buffer<float>(group, 1)[k] = buffer<float>(group, 0)[k];
  }
}

KERNEL increment(const MslGroup *group) {
  for (uint32_t i = 0; i < group->size[0]; ++i)
    buffer<uint32_t>(group, 1)[group->position[0] * group->nominal_size[0] + i] =
        buffer<uint32_t>(group, 0)[group->position[0] * group->nominal_size[0] + i] + 1;
}

// Reads what other threadgroups of the dispatch before have written.
KERNEL reverse(const MslGroup *group) {
  uint32_t n = group->threads_per_grid[0];
  for (uint32_t i = 0; i < group->size[0]; ++i) {
    uint32_t k = group->position[0] * group->nominal_size[0] + i;
    buffer<uint32_t>(group, 1)[k] = buffer<uint32_t>(group, 0)[n - 1 - k];
  }
}

// Most threadgroups do nothing; each leaves one mark of its own and adds to a sum that all share.
KERNEL uneven(const MslGroup *group) {
  uint32_t place = group->position[0];
  for (volatile uint32_t step = 0; step < (place % 61 == 3 ? 5000u : 1u); step = step + 1) {
  }
  buffer<uint32_t>(group, 0)[place] += 1;
  __atomic_fetch_add(&buffer<uint32_t>(group, 1)[place % 4], place, __ATOMIC_RELAXED);
}

KERNEL tree_sum(const MslThread *thread) {
  const MslGroup *group = thread->group;
  uint32_t *shared = reinterpret_cast<uint32_t *>(group->threadgroup_memory);
  shared[thread->index] = buffer<uint32_t>(group, 0)[global_index(thread)];
  msl_threadgroup_barrier(2, 1);
  for (uint32_t n = group->size[0] / 2; n; n /= 2) {
    if (thread->index < n)
      shared[thread->index] += shared[thread->index + n];
    msl_threadgroup_barrier(2, 2);
  }
  if (thread->index == 0)
    buffer<uint32_t>(group, 1)[group->position[0]] = shared[0];
}

KERNEL if_else(const MslThread *thread) {
  uint32_t lane = thread->index % 32, k = global_index(thread);
  uint32_t branch = lane % 3 == 0 ? simd_sum(1, 10) : simd_sum(100, 20);
  buffer<uint32_t>(thread->group, 0)[2 * k] = branch;
  buffer<uint32_t>(thread->group, 0)[2 * k + 1] = simd_sum(1, 30);
}

// Trip counts, break and continue differ by lane; every sum counts the lanes of that very iteration.
KERNEL nested_loops(const MslThread *thread) {
  uint32_t lane = thread->index % 32, total = 0;
  {
    Scope outer(10);
    for (uint32_t i = 0; i < 2 + lane % 5; ++i, outer.next()) {
      if (lane % 7 == 3 && i == 2)
        break;
      if (lane % 4 == 1 && i == 1)
        continue;
      Scope inner(20);
      for (uint32_t j = 0; j < 1 + (lane + i) % 3; ++j, inner.next())
        total = total * 3 + simd_sum(1, 30);
    }
  }
  buffer<uint32_t>(thread->group, 0)[2 * global_index(thread)] = total;
  buffer<uint32_t>(thread->group, 0)[2 * global_index(thread) + 1] = simd_sum(1, 40);
}

KERNEL early_return(const MslThread *thread) {
  uint32_t k = global_index(thread);
  if (thread->index % 32 >= 20)
    return;
  buffer<uint32_t>(thread->group, 0)[k] = simd_sum(1, 10);
  if (thread->index % 2)
    return;
  msl_threadgroup_barrier(2, 20);
  buffer<uint32_t>(thread->group, 0)[k] += 1000 * simd_sum(1, 30);
}

// Half of each SIMD-group waits in a barrier while the other half is still in collectives.
KERNEL barrier_and_collective(const MslThread *thread) {
  uint32_t k = global_index(thread), sum = 0;
  if (thread->index % 32 < 16) {
    Scope loop(5);
    for (uint32_t i = 0; i < thread->index % 4; ++i, loop.next())
      sum += simd_sum(1, 10);
  }
  msl_threadgroup_barrier(2, 20);
  buffer<uint32_t>(thread->group, 0)[k] = sum * 100 + simd_sum(1, 30);
}

// Who has gone on after a collective still waits in the barrier after it.
KERNEL collective_then_barrier(const MslThread *thread) {
  uint32_t *shared = reinterpret_cast<uint32_t *>(thread->group->threadgroup_memory);
  shared[thread->index] = simd_sum(1, 10);
  msl_threadgroup_barrier(2, 20);
  buffer<uint32_t>(thread->group, 0)[global_index(thread)] = shared[thread->group->size[0] - 1 - thread->index];
}

// One function called from two places: its collective is two collectives.
KERNEL two_call_sites(const MslThread *thread) {
  uint32_t sum = thread->index % 2 ? helper_sum(1, 10) : helper_sum(100, 20);
  buffer<uint32_t>(thread->group, 0)[global_index(thread)] = sum;
}

// The last thread returns while all others wait for it.
KERNEL last_returns(const MslThread *thread) {
  if (thread->index + 1 == thread->group->size[0])
    return;
  msl_threadgroup_barrier(2, 1);
  buffer<uint32_t>(thread->group, 0)[global_index(thread)] = 7;
}

// The order in which threads run, through a counter that races on purpose.
KERNEL arrival_order(const MslThread *thread) {
  uint32_t *counter = reinterpret_cast<uint32_t *>(thread->group->threadgroup_memory);
  if (thread->index == 0)
    *counter = 0;
  msl_threadgroup_barrier(2, 1);
  buffer<uint32_t>(thread->group, 0)[global_index(thread)] = (*counter)++;
}

KERNEL poison(const MslGroup *group) {
  uint32_t *shared = reinterpret_cast<uint32_t *>(group->threadgroup_memory);
  buffer<uint32_t>(group, 0)[group->position[0]] = shared[63];
  for (int i = 0; i < 64; ++i)
    shared[i] = 1;
}

KERNEL arguments(const MslGroup *group) {
  uint32_t *first = static_cast<uint32_t *>(group->threadgroup_arguments[0]);
  uint32_t *second = static_cast<uint32_t *>(group->threadgroup_arguments[3]);
  for (int i = 0; i < 8; ++i)
    first[i] = 1;
  for (int i = 0; i < 4; ++i)
    second[i] = 2;
  buffer<uint32_t>(group, 0)[0] = first[0];
  buffer<uint32_t>(group, 0)[1] = *buffer<uint32_t>(group, 5);
}

KERNEL shape(const MslThread *thread) {
  const MslGroup *group = thread->group;
  uint32_t at[3];
  for (int i = 0; i < 3; ++i)
    at[i] = group->position[i] * group->nominal_size[i] + thread->position[i];
  uint32_t k = (at[2] * group->threads_per_grid[1] + at[1]) * group->threads_per_grid[0] + at[0];
  buffer<uint32_t>(group, 0)[k] = group->size[0] * 100 + group->size[1] * 10 + group->size[2];
  buffer<uint32_t>(group, 1)[k] += thread->index + 1;
}

KERNEL fast(const MslThread *) {}

KERNEL many_barriers(const MslThread *) {
  for (int i = 0; i < 16; ++i)
    msl_threadgroup_barrier(2, 1);
}

KERNEL many_sums(const MslThread *) {
  for (int i = 0; i < 16; ++i)
    simd_sum(1, 1);
}

KERNEL endless(const MslGroup *) {
  for (volatile int forever = 1; forever;) {
  }
}

KERNEL null_write(const MslGroup *) { *static_cast<volatile uint32_t *>(nullptr) = 1; }

__attribute__((noinline)) uint32_t deep(uint32_t n) {
  volatile uint32_t local[1024];
  local[n % 1024] = n;
  return n ? deep(n - 1) + local[n % 1024] : 0;
}

KERNEL overflow_loop(const MslGroup *group) { buffer<uint32_t>(group, 0)[0] = deep(1 << 20); }
KERNEL overflow_fiber(const MslThread *thread) { buffer<uint32_t>(thread->group, 0)[0] = deep(1 << 20); }

KERNEL divide(const MslGroup *group) {
  volatile uint32_t zero = 0;
#if defined(__x86_64__)
  uint32_t low = 1, high = 0;
  asm volatile("divl %2" : "+a"(low), "+d"(high) : "r"(zero));
  buffer<uint32_t>(group, 0)[0] = low;
#else
  buffer<uint32_t>(group, 0)[0] = 1 / zero;
#endif
}

KERNEL trap(const MslGroup *) { __builtin_trap(); }

extern "C" long write(int, const void *, unsigned long);
extern "C" void _exit(int);
extern "C" int open(const char *, int, ...);
KERNEL system_write(const MslGroup *) { write(1, "hello\n", 6); }
KERNEL system_open(const MslGroup *) { open("/etc/passwd", 0); }
KERNEL system_exit(const MslGroup *) { _exit(0); }
