// Quad-group functions: the SIMD-group functions on clusters of four lanes.
#include <metal_stdlib>
using namespace metal;

kernel void sums(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  out[i] = quad_sum(x[i]) + 1000.0f * quad_max(x[i]) - quad_min(x[i]);
}

kernel void shuffles(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = quad_shuffle_xor(x[i], 3) + 1000 * quad_broadcast(x[i], 2);
}

kernel void neighbours(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = quad_shuffle_down(x[i], 1) + 1000 * quad_shuffle_up(x[i], 1);
}

kernel void any_lane(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]], uint q [[thread_index_in_quadgroup]]) {
  out[i] = quad_shuffle(x[i], (q + 2) % 4) + 1000 * int(quad_any(x[i] > 60)) + 2000 * int(quad_all(x[i] > 10));
}

kernel void prefixes(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = quad_prefix_exclusive_sum(x[i]) + 1000 * quad_prefix_inclusive_sum(x[i]);
}

kernel void rotated(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = quad_shuffle_rotate_down(x[i], 1) + 1000 * quad_shuffle_rotate_up(x[i], 1);
}

kernel void divergent(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  int r = 0;
  if (x[i] & 1) r = quad_sum(x[i]);
  out[i] = r + quad_sum(1) * 1000;
}

kernel void bits(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  out[i] = quad_and(x[i]) + 1000 * quad_or(x[i]) + 1000000 * quad_xor(x[i]);
}

kernel void votes(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  int ballot = int((quad_vote::vote_t)quad_ballot(x[i] > 40));
  out[i] = ballot + 100 * quad_broadcast_first(x[i]) + 100000 * int(quad_is_first());
}

kernel void filled(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  out[i] = quad_shuffle_and_fill_up(x[i], -x[i], 1) + 1000 * quad_shuffle_and_fill_down(x[i], -x[i], 2);
}
