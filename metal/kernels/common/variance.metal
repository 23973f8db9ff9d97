// One read: the team keeps the row in registers, takes the mean, then the squared deviations, and corrects them by what
// the deviations sum to, which holds where the mean is far larger than they are.
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void variance_f32(device const float *x [[buffer(0)]], device float *out [[buffer(1)]],
                         constant uint &C [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                         uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  float4 kept[row::KEPT];
  const row::Moments moments = row::moments(row::Load{x + ulong(position.y) * C}, C, team, partials, kept);
  if (team.index == 0) {
    out[position.y] = moments.variance;
  }
}
