// A team of SIMD-groups wide enough to keep the sum's row in registers: x, res and y move once. The deviations correct
// the mean, which holds where it is far larger than they are.
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void add_norm_f32(device const float *x [[buffer(0)]], device const float *res [[buffer(1)]],
                         device float *y [[buffer(2)]], constant uint &D [[buffer(3)]],
                         constant float &eps [[buffer(4)]], uint2 position [[thread_position_in_grid]],
                         uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * D;
  row::normalise(row::LoadSum{x + start, res + start}, row::Store{y + start}, D, eps, team, partials);
}
