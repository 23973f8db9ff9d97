// Lanes pass sums on through threadgroup memory as if the lower ones always went first.
// row: own
// kernel: cumsum
// expect: data_race
// layer: checked_race
// backed: host_poison
// size: check
// twin: own_11_relies_on_lane_order_honest.metal
//! grid: 32 rows 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]]) {
  threadgroup float sums[33];
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * N;
  device float *out = y + ulong(position.y) * N;
  if (lane == 0) {
    sums[0] = 0.0f;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint start = 0; start < N; start += 32) {
    const uint i = start + lane;
    const float value = i < N ? row[i] : 0.0f;
    sums[lane + 1] = sums[lane] + value;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (i < N) {
      out[i] = sums[lane + 1];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (lane == 0) {
      sums[0] = sums[32];
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}
