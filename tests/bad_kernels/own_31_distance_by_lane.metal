// Clamps the distance of a shuffle in each lane, where the language asks for one that all share.
// row: own
// kernel: cumsum
// expect: inactive_lane
// layer: checked_lanes
// says: gives a SIMD function another argument
// size: check
// twin: own_31_distance_by_lane_honest.metal
//! grid: 32 rows 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * N;
  device float *out = y + ulong(position.y) * N;
  float before = 0.0f;
  for (uint start = 0; start < N; start += 32) {
    const uint i = start + lane;
    float value = i < N ? row[i] : 0.0f;
    for (uint step = 1; step < 32; step *= 2) {
      const float other = simd_shuffle_up(value, ushort(min(step, lane)));
      value += lane >= step ? other : 0.0f;
    }
    value += before;
    if (i < N) {
      out[i] = value;
    }
    before = simd_broadcast(value, 31);
  }
}
