// SIMD-group functions in divergent control flow: only active lanes take part, and lanes meet again at the end of each construct.
#include <metal_stdlib>
using namespace metal;

kernel void in_if(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  int r = -1;
  if (x[i] & 1) r = simd_sum(x[i]);
  out[i] = r;
}

kernel void if_else(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  int r;
  if (x[i] > 40)
    r = simd_sum(x[i]);
  else
    r = simd_max(x[i]) * 1000;
  out[i] = r + simd_sum(1);
}

kernel void nested_if(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  int r = 0;
  if (x[i] & 1) {
    r += simd_sum(1);
    if (x[i] & 2) {
      r += 100 * simd_sum(1);
    } else if (x[i] & 4) {
      r += 10000 * simd_sum(1);
    }
    r += 1000000 * simd_sum(1);
  }
  out[i] = r + simd_max(r);
}

kernel void different_trip_counts(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                  uint i [[thread_position_in_grid]]) {
  uint total = 0;
  for (uint k = 0; k < x[i] % 5; ++k) total = total * 33 + simd_sum(1u);
  out[i] = total * 100 + simd_sum(1u);
}

kernel void branch_in_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  uint total = 0;
  for (uint k = 0; k < 3; ++k) {
    uint all_lanes = simd_sum(1u);
    if ((x[i] >> k) & 1) total += simd_sum(1u) * (k + 1);
    total += 1000 * all_lanes;
  }
  out[i] = total;
}

kernel void break_out(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  uint total = 0;
  for (uint k = 0; k < 6; ++k) {
    if (k == x[i] % 7) break;
    total += simd_sum(1u) << (k * 4 % 24);
  }
  out[i] = total + simd_sum(1u);
}

kernel void continue_on(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  uint total = 0;
  for (uint k = 0; k < 4; ++k) {
    if ((x[i] >> k) & 1) continue;
    total = total * 40 + simd_sum(1u);
  }
  out[i] = total;
}

kernel void early_return(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = -7;
  if (x[i] % 3 == 0) return;
  out[i] = simd_sum(x[i]);
}

int row_total(int v) { return simd_sum(v); }

kernel void helper_called_twice(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]]) {
  int r;
  if (x[i] & 1)
    r = row_total(x[i]);
  else
    r = row_total(1);
  out[i] = r;
}

uint counted_loop(uint n) {
  uint r = 0;
  uint k = 0;
  do {
    r = r * 40 + simd_sum(1u);
    ++k;
  } while (k < n);
  return r;
}

kernel void loop_in_helper(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = counted_loop(x[i] % 4) + simd_sum(1u);
}

kernel void while_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  uint v = x[i] % 64;
  uint r = 0;
  while (v != 0) {
    r += simd_sum(v & 1u);
    v >>= 1;
  }
  out[i] = r;
}

kernel void in_switch(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  uint r = 0;
  switch (x[i] % 3) {
    case 0:
      r = simd_sum(1u);
      break;
    case 1:
      r = 100 * simd_sum(1u);
      break;
    default:
      r = 10000 * simd_sum(1u);
  }
  out[i] = r + simd_max(r % 100);
}

kernel void nested_loops(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  uint r = 0;
  for (uint a = 0; a < x[i] % 3; ++a)
    for (uint b = 0; b < (x[i] / 3) % 3; ++b) r = r * 33 + simd_sum(1u);
  out[i] = r;
}

kernel void ballot_in_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  // Each round serves the lanes that share the first remaining lane's value.
  uint rounds = 0;
  bool done = false;
  while (!done) {
    uint leader = simd_broadcast_first(x[i] % 4);
    if (leader == x[i] % 4) {
      rounds += simd_sum(1u) * 100;
      done = true;
    }
    ++rounds;
  }
  out[i] = rounds;
}

kernel void prefix_of_active(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  uint slot = 99;
  if (x[i] % 2 == 0) slot = simd_prefix_exclusive_sum(1u);
  out[i] = slot;
}

kernel void half_group_then_all(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  float v = x[i];
  if (lane < 16) v = simd_shuffle_xor(v, 1);
  out[i] = v + simd_max(v);
}

kernel void first_of_active(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  uint r = 0;
  if (x[i] % 2 == 1) r = 1 + simd_broadcast_first(i) + 1000 * uint(simd_is_first());
  out[i] = r;
}

kernel void barrier_between(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup uint shared[64];
  uint r = 0;
  if (x[i] & 1) r = simd_sum(1u);
  shared[t] = r;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t < 32) r += shared[63 - t] * 100;
  out[i] = r + simd_sum(1u) * 10000;
}

kernel void ternary_operands(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i] = simd_sum(x[i] > 30 ? x[i] : 0);
}

kernel void short_circuit(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  // The right operand runs only in lanes whose left operand is true.
  bool b = x[i] > 20 && simd_all(x[i] > 20);
  out[i] = int(b);
}

kernel void short_circuit_or(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  bool b = x[i] > 20 || simd_all(x[i] < 15);
  out[i] = int(b) + 10 * simd_sum(1);
}

kernel void call_in_ternary(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = (x[i] & 1) ? simd_sum(x[i]) : -simd_sum(1);
}

kernel void fall_through(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  uint r = 0;
  switch (x[i] % 3) {
    case 0:
      r = simd_sum(1u);
    case 1:
      r += 100 * simd_sum(1u);
      break;
    default:
      break;
  }
  out[i] = r + 10000 * simd_sum(1u);
}

kernel void return_in_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  uint total = 0;
  for (uint k = 0; k < 4; ++k) {
    if (x[i] % 5 == k) {
      out[i] = total + 1000000;
      return;
    }
    total = total * 33 + simd_sum(1u);
  }
  out[i] = total;
}

uint guarded(uint v) {
  if (v % 4 == 0) return 7;
  return 100 * simd_sum(1u);
}

kernel void return_in_helper(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  uint r = guarded(x[i]);
  out[i] = r + 10000 * simd_sum(1u);
}

kernel void break_of_inner(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  uint r = 0;
  for (uint a = 0; a < 3; ++a) {
    for (uint b = 0; b < 4; ++b) {
      if (b >= (x[i] + a) % 5) break;
      r += simd_sum(1u) << b;
    }
    r += 1000 * simd_sum(1u);
  }
  out[i] = r;
}

kernel void infinite_loop_with_breaks(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                      uint i [[thread_position_in_grid]]) {
  uint r = 0;
  uint k = 0;
  for (;;) {
    r = r * 3 + simd_sum(1u);
    if (k == x[i] % 8) break;
    ++k;
  }
  out[i] = r + simd_sum(1u);
}
