// Atomics on device and threadgroup memory; every case has one right answer in any order.
#include <metal_stdlib>
using namespace metal;

kernel void add_up(device atomic_uint* total [[buffer(0)]], device const uint* x [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(&total[0], x[i], memory_order_relaxed);
}

kernel void signed_minmax(device atomic_int* r [[buffer(0)]], device const int* x [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  atomic_fetch_min_explicit(&r[0], x[i], memory_order_relaxed);
  atomic_fetch_max_explicit(&r[1], x[i], memory_order_relaxed);
  atomic_fetch_sub_explicit(&r[2], x[i], memory_order_relaxed);
}

kernel void unsigned_minmax(device atomic_uint* r [[buffer(0)]], device const uint* x [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  atomic_fetch_min_explicit(r, x[i], memory_order_relaxed);
  atomic_fetch_max_explicit(r + 1, x[i], memory_order_relaxed);
}

kernel void bits(device atomic_uint* r [[buffer(0)]], device const uint* x [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  atomic_fetch_or_explicit(&r[0], x[i], memory_order_relaxed);
  atomic_fetch_and_explicit(&r[1], x[i], memory_order_relaxed);
  atomic_fetch_xor_explicit(&r[2], x[i], memory_order_relaxed);
}

kernel void float_add(device atomic_float* r [[buffer(0)]], device const float* x [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(&r[i % 4], x[i], memory_order_relaxed);
}

kernel void float_max_by_exchange(device atomic_uint* r [[buffer(0)]], device const float* x [[buffer(1)]],
                                  uint i [[thread_position_in_grid]]) {
  uint expected = atomic_load_explicit(r, memory_order_relaxed);
  while (as_type<float>(expected) < x[i]) {
    if (atomic_compare_exchange_weak_explicit(r, &expected, as_type<uint>(x[i]), memory_order_relaxed,
                                              memory_order_relaxed))
      break;
  }
}

kernel void histogram(device const uchar* x [[buffer(0)]], device atomic_uint* bins [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(&bins[x[i] % 16], 1u, memory_order_relaxed);
}

kernel void threadgroup_histogram(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                  uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                                  uint g [[threadgroup_position_in_grid]]) {
  threadgroup atomic_uint bins[8];
  if (t < 8) atomic_store_explicit(&bins[t], 0u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&bins[x[i] % 8], 1u, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t < 8) out[g * 8 + t] = atomic_load_explicit(&bins[t], memory_order_relaxed);
}

kernel void unique_slots(device atomic_uint* counter [[buffer(0)]], device uint* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  uint slot = atomic_fetch_add_explicit(counter, 1u, memory_order_relaxed);
  out[slot] = 1;
}

kernel void exchange_chain(device atomic_int* cell [[buffer(0)]], device atomic_int* taken [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  int old = atomic_exchange_explicit(cell, int(i) + 1, memory_order_relaxed);
  atomic_fetch_add_explicit(taken, old, memory_order_relaxed);
}

// A second dispatch: every value is either still in the cell or was taken out of it.
kernel void exchange_total(device const int* cell [[buffer(0)]], device const int* taken [[buffer(1)]],
                           device int* out [[buffer(2)]]) {
  out[0] = cell[0] + taken[0];
}

kernel void typed_template(device atomic<uint>* r [[buffer(0)]], device atomic<int>* s [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(r, 2u, memory_order_relaxed);
  atomic_fetch_sub_explicit(s, 3, memory_order_relaxed);
}

kernel void long_max(device atomic_ulong* r [[buffer(0)]], device const ulong* x [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  atomic_max_explicit(r, x[i], memory_order_relaxed);
}

kernel void wraps(device atomic_uint* r [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(r, 0x80000001u, memory_order_relaxed);
}

kernel void bool_flag(device atomic_uint* r [[buffer(0)]], device const int* x [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  threadgroup atomic_bool seen;
  if (i == 0) atomic_store_explicit(&seen, false, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (x[i] == 42) atomic_store_explicit(&seen, true, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (i == 0) atomic_store_explicit(r, uint(atomic_load_explicit(&seen, memory_order_relaxed)), memory_order_relaxed);
}

kernel void fenced(device uint* data [[buffer(0)]], device atomic_uint* count [[buffer(1)]],
                   device uint* out [[buffer(2)]], uint i [[thread_position_in_grid]],
                   uint n [[threads_per_grid]]) {
  data[i] = i + 1;
  atomic_thread_fence(mem_flags::mem_device, memory_order_seq_cst, thread_scope_device);
  uint order = atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
  if (order == n - 1) out[0] = order;
}

kernel void threadgroup_integers(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                                 uint g [[threadgroup_position_in_grid]]) {
  threadgroup atomic_int cells[6];
  if (t == 0)
    for (uint k = 0; k < 6; ++k) atomic_store_explicit(&cells[k], k == 4 ? -1 : 0, memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  atomic_fetch_add_explicit(&cells[0], x[i], memory_order_relaxed);
  atomic_fetch_min_explicit(&cells[1], x[i], memory_order_relaxed);
  atomic_fetch_max_explicit(&cells[2], x[i], memory_order_relaxed);
  atomic_fetch_or_explicit(&cells[3], x[i], memory_order_relaxed);
  atomic_fetch_and_explicit(&cells[4], x[i], memory_order_relaxed);
  atomic_fetch_xor_explicit(&cells[5], x[i], memory_order_relaxed);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0)
    for (uint k = 0; k < 6; ++k) out[g * 6 + k] = atomic_load_explicit(&cells[k], memory_order_relaxed);
}

kernel void float_subtract_and_swap(device atomic_float* r [[buffer(0)]], device const float* x [[buffer(1)]],
                                    uint i [[thread_position_in_grid]]) {
  atomic_fetch_sub_explicit(&r[0], x[i], memory_order_relaxed);
  if (i == 0) {
    float old = atomic_load_explicit(&r[1], memory_order_relaxed);
    while (!atomic_compare_exchange_weak_explicit(&r[1], &old, old * 0.5f, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
  }
}

kernel void increment_by_exchange(device atomic_int* r [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  int seen = atomic_load_explicit(r, memory_order_relaxed);
  while (!atomic_compare_exchange_weak_explicit(r, &seen, seen + 3, memory_order_relaxed, memory_order_relaxed)) {
  }
}

kernel void long_min(device atomic_ulong* r [[buffer(0)]], device const ulong* x [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  atomic_min_explicit(r, x[i], memory_order_relaxed);
}

kernel void counted_then_plain(device atomic_uint* count [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
}

// The same buffer bound as plain words in a later dispatch.
kernel void read_as_plain(device const uint* count [[buffer(0)]], device uint* out [[buffer(1)]]) {
  out[0] = count[0] * 10;
}
