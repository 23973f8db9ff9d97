// SIMD-group functions in uniform control flow, over full and partial groups.
#include <metal_stdlib>
using namespace metal;

kernel void sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                uint i [[thread_position_in_grid]]) {
  out[i] = simd_sum(x[i]);
}

kernel void product(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = simd_product(x[i]);
}

kernel void max(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                uint i [[thread_position_in_grid]]) {
  out[i] = simd_max(x[i]);
}

kernel void min(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                uint i [[thread_position_in_grid]]) {
  out[i] = simd_min(x[i]);
}

kernel void prefix_inclusive_sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  out[i] = simd_prefix_inclusive_sum(x[i]);
}

kernel void prefix_exclusive_sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  out[i] = simd_prefix_exclusive_sum(x[i]);
}

kernel void prefix_inclusive_product(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                     uint i [[thread_position_in_grid]]) {
  out[i] = simd_prefix_inclusive_product(x[i]);
}

kernel void prefix_exclusive_product(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                     uint i [[thread_position_in_grid]]) {
  out[i] = simd_prefix_exclusive_product(x[i]);
}

kernel void bitwise_and(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  out[i] = simd_and(x[i]);
}

kernel void bitwise_or(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  out[i] = simd_or(x[i]);
}

kernel void bitwise_xor(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                 uint i [[thread_position_in_grid]]) {
  out[i] = simd_xor(x[i]);
}

kernel void sum_int(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = simd_sum(x[i]) + simd_max(x[i]) - simd_min(x[i]);
}

kernel void sum_vector(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = simd_sum(x[i]);
}

kernel void sum_half(device const half* x [[buffer(0)]], device half* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = simd_sum(x[i]) + simd_max(x[i]);
}

kernel void votes(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  bool odd = x[i] & 1;
  out[i] = uint(simd_all(odd)) + 2 * uint(simd_any(odd));
}

kernel void ballot(device const uint* x [[buffer(0)]], device ulong* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  out[i] = (simd_vote::vote_t)simd_ballot(x[i] > 50);
}

kernel void active_mask(device ulong* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = (simd_vote::vote_t)simd_active_threads_mask();
}

kernel void first_lane(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = simd_broadcast_first(x[i]) * 2 + uint(simd_is_first());
}

kernel void broadcast(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i] = simd_broadcast(x[i], 7);
}

kernel void shuffle(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  out[i] = simd_shuffle(x[i], (lane * 5 + 3) % 32);
}

kernel void shuffle_xor(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  float v = x[i];
  for (ushort mask = 16; mask > 0; mask >>= 1) v += simd_shuffle_xor(v, mask);
  out[i] = v;
}

kernel void shuffle_down(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_down(x[i], 3u);
}

kernel void shuffle_up(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_up(x[i], ushort(5));
}

kernel void rotate_down(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_rotate_down(x[i], 3);
}

kernel void rotate_up(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_rotate_up(x[i], 9);
}

kernel void fill_up(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_and_fill_up(x[i], -x[i], 4);
}

kernel void fill_down_modulo(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_and_fill_down(x[i], -x[i], 3, 8);
}

kernel void split_long(device const ulong* x [[buffer(0)]], device ulong* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  uint low = simd_shuffle(uint(x[i]), 4);
  uint high = simd_shuffle(uint(x[i] >> 32), 4);
  out[i] = (ulong(high) << 32) | low;
}

kernel void shuffle_float2(device const float2* x [[buffer(0)]], device float2* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_xor(x[i], 1);
}

kernel void cross_simdgroup(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]],
                            uint sg [[simdgroup_index_in_threadgroup]], uint count [[simdgroups_per_threadgroup]]) {
  threadgroup float partial[32];
  float s = simd_sum(x[i]);
  if (lane == 0) partial[sg] = s;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float total = simd_sum(lane < count ? partial[lane] : 0.0f);
  out[i] = total;
}

kernel void sum_in_solid(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                         uint3 p [[thread_position_in_grid]], uint3 n [[threads_per_grid]],
                         uint lane [[thread_index_in_simdgroup]]) {
  uint i = (p.z * n.y + p.y) * n.x + p.x;
  out[i * 3 + 0] = simd_sum(x[i]);
  out[i * 3 + 1] = lane;
  out[i * 3 + 2] = simd_sum(1u);
}

kernel void prefix_uint(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  out[i] = simd_prefix_inclusive_sum(x[i]) + 3 * simd_prefix_exclusive_product(x[i]);
}

kernel void broadcast_uniform_variable(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                       uint i [[thread_position_in_grid]], uint n [[threads_per_simdgroup]]) {
  ushort lane = n / 8 - 1;
  out[i] = simd_broadcast(x[i], lane);
}

kernel void uniform_delta(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  int r = x[i];
  for (uint delta = 1; delta < 4; ++delta) {
    int v = simd_shuffle_down(x[i], delta);
    if (delta == 2) r = v;
  }
  out[i] = r;
}

kernel void fill_up_modulo(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_and_fill_up(x[i], -x[i], 5, 16);
}

kernel void fill_down(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_and_fill_down(x[i], -x[i], 6);
}

kernel void sum_char(device const char* x [[buffer(0)]], device char* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = simd_max(x[i]) - simd_sum(x[i]);
}

kernel void shuffle_char4(device const char4* x [[buffer(0)]], device char4* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = simd_shuffle_rotate_down(x[i], 1);
}
