// A team of SIMD-groups wide enough to keep the sum's row in registers: X, R and Y move once.
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void fused_add_rms_norm_f32(device const float *X [[buffer(0)]], device const float *R [[buffer(1)]],
                                   device float *Y [[buffer(2)]], constant uint &D [[buffer(3)]],
                                   constant float &eps [[buffer(4)]], uint2 position [[thread_position_in_grid]],
                                   uint2 local [[thread_position_in_threadgroup]],
                                   uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * D;
  row::normalise_rms(row::LoadSum{X + start, R + start}, row::Store{Y + start}, D, eps, team, partials);
}
