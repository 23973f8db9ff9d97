// A team of SIMD-groups wide enough to keep the row in registers: x and y move once.
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void rms_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                         constant uint &N [[buffer(2)]], constant float &eps [[buffer(3)]],
                         uint2 position [[thread_position_in_grid]], uint2 local [[thread_position_in_threadgroup]],
                         uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * N;
  row::normalise_rms(row::Load{x + start}, row::Store{y + start}, N, eps, team, partials);
}
