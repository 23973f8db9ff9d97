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

kernel void masks_in_branch(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  uint active = 0, votes = 0;
  if (x[i] % 3 != 0) {
    active = uint((simd_vote::vote_t)simd_active_threads_mask());
    votes = uint((simd_vote::vote_t)simd_ballot(x[i] > 30));
  }
  out[i] = active * 3 + votes;
}

kernel void reductions_in_branch(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  uint r = 0;
  if (x[i] & 1) {
    r = simd_min(x[i]) + 100 * simd_and(x[i]) + 10000 * simd_or(x[i]);
    r += 1000000 * (uint(simd_all(x[i] > 5)) + 2 * uint(simd_any(x[i] > 55)) + 4 * (simd_xor(x[i]) & 1));
  }
  out[i] = r;
}

kernel void collective_condition(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  uint v = x[i];
  uint rounds = 0;
  while (simd_any(v > 4)) {
    if (v > 4) v -= 4;
    ++rounds;
  }
  out[i] = rounds * 100 + v;
}

kernel void collective_in_for(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  uint r = 0;
  for (uint k = 0; simd_sum(1u) > 0 && k < x[i] % 6; k += simd_max(1u)) r = r * 33 + simd_sum(1u);
  out[i] = r;
}

uint first_multiple(uint v) {
  for (uint k = 2; k < 6; ++k) {
    uint still_here = simd_sum(1u);
    if (v % k == 0) return k * 1000 + still_here;
  }
  return simd_sum(1u);
}

kernel void helper_returns_from_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                     uint i [[thread_position_in_grid]]) {
  uint r = first_multiple(x[i]);
  out[i] = r + 100000 * simd_sum(1u);
}

template <int DEPTH>
uint descend(uint v) {
  uint r = simd_sum(1u);
  if (v & 1)
    r += 2 * descend<DEPTH - 1>(v >> 1);
  return r;
}

template <>
uint descend<0>(uint v) {
  return simd_sum(v + 1);
}

kernel void deep_recursion_by_template(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                       uint i [[thread_position_in_grid]]) {
  out[i] = descend<6>(x[i]) + 1000000 * simd_sum(1u);
}

struct Counter {
  uint seen;
  void meet(bool here) thread {
    if (here) seen += simd_sum(1u);
  }
};

#define ACTIVE() simd_sum(1u)

kernel void in_method_and_macro(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]]) {
  Counter counter = {0};
  counter.meet(x[i] & 1);
  counter.meet(x[i] & 2);
  uint r = counter.seen;
  if (x[i] > 30) r += 100 * ACTIVE();
  out[i] = r + 10000 * ACTIVE();
}

kernel void switch_in_loop(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  uint r = 0;
#pragma unroll
  for (uint k = 0; k < 3; ++k) {
    switch ((x[i] + k) % 4) {
      case 0:
        continue;
      case 1:
        r = r * 3 + simd_sum(1u);
        break;
      default:
        if (k == 2) break;
        r += simd_sum(100u);
    }
    r += 10000 * simd_sum(1u);
  }
  out[i] = r;
}

kernel void do_while_with_continue(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                   uint i [[thread_position_in_grid]]) {
  uint r = 0;
  uint k = 0;
  do {
    ++k;
    if ((x[i] + k) % 2 == 0) continue;
    r = r * 33 + simd_sum(1u);
  } while (k < 1 + x[i] % 4);
  out[i] = r;
}
