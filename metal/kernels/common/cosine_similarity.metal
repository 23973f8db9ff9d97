// One read of both rows gives all three sums. Lengths are multiplied after their roots, because the product of two
// squares leaves float32 sooner.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void cosine_similarity_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                                  device float *out [[buffer(2)]], constant uint &D [[buffer(3)]],
                                  uint2 position [[thread_position_in_grid]],
                                  uint2 local [[thread_position_in_threadgroup]],
                                  uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float3 partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  device const float *left = x + ulong(position.y) * D;
  device const float *right = y + ulong(position.y) * D;
  float4 dot = float4(0.0f);
  float4 left_squares = float4(0.0f);
  float4 right_squares = float4(0.0f);
  for (uint start = 0; start < D; start += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(start, k);
      const float4 a = row::load4(left, first, D);
      const float4 b = row::load4(right, first, D);
      dot = fma(a, b, dot);
      left_squares = fma(a, a, left_squares);
      right_squares = fma(b, b, right_squares);
    }
  }
  const float3 sums =
      row::sum(float3(row::horizontal_sum(dot), row::horizontal_sum(left_squares), row::horizontal_sum(right_squares)),
               team, partials);
  if (team.index == 0) {
    out[position.y] = sums.x / (sqrt(sums.y) * sqrt(sums.z) + 1e-8f);
  }
}
