// A team of SIMD-groups wide enough to keep the sum's row in registers: x, res and y move once. The deviations correct
// the mean, which holds where it is far larger than they are.
//! reason bytes: every row reads gamma and beta, which caches hold
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void add_norm_affine_f32(device const float *x [[buffer(0)]], device const float *res [[buffer(1)]],
                                device const float *gamma [[buffer(2)]], device const float *beta [[buffer(3)]],
                                device float *y [[buffer(4)]], constant uint &D [[buffer(5)]],
                                constant float &eps [[buffer(6)]], uint2 position [[thread_position_in_grid]],
                                uint2 local [[thread_position_in_threadgroup]],
                                uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * D;
  row::normalise(row::LoadSum{x + start, res + start}, row::StoreAffine{y + start, gamma, beta}, D, eps, team,
                 partials);
}
