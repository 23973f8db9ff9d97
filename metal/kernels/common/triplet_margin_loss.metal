// One read of the three rows gives both squared distances; a team of SIMD-groups a row, one where there are rows
// enough to fill the machine.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void triplet_margin_loss_f32(device const float *a [[buffer(0)]], device const float *p [[buffer(1)]],
                                    device const float *n [[buffer(2)]], device float *y [[buffer(3)]],
                                    constant uint &D [[buffer(4)]], constant float &margin [[buffer(5)]],
                                    uint2 position [[thread_position_in_grid]],
                                    uint2 local [[thread_position_in_threadgroup]],
                                    uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float2 partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  device const float *anchor = a + ulong(position.y) * D;
  device const float *positive = p + ulong(position.y) * D;
  device const float *negative = n + ulong(position.y) * D;
  float4 near = float4(0.0f);
  float4 far = float4(0.0f);
  for (uint start = 0; start < D; start += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(start, k);
      const float4 values = row::load4(anchor, first, D);
      const float4 to_positive = values - row::load4(positive, first, D);
      const float4 to_negative = values - row::load4(negative, first, D);
      near = fma(to_positive, to_positive, near);
      far = fma(to_negative, to_negative, far);
    }
  }
  const float2 sums = row::sum(float2(row::horizontal_sum(near), row::horizontal_sum(far)), team, partials);
  if (team.index == 0) {
    y[position.y] = max(sqrt(sums.x) - sqrt(sums.y) + margin, 0.0f);
  }
}
