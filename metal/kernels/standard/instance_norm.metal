// In NCHW the image of a channel is a row of H * W: one read by a team of SIMD-groups that keeps it in registers.
//! grid: 32 * min(ceil_div(H * W, 1024), 32) N * C 1
//! threadgroup: 32 * min(ceil_div(H * W, 1024), 32) max(8 / ceil_div(H * W, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void instance_norm_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                              constant uint &H [[buffer(4)]], constant uint &W [[buffer(5)]],
                              constant float &eps [[buffer(6)]], uint2 position [[thread_position_in_grid]],
                              uint2 local [[thread_position_in_threadgroup]],
                              uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const uint area = H * W;
  const ulong start = ulong(position.y) * area;
  row::normalise(row::Load{X + start}, row::Store{Y + start}, area, eps, team, partials);
}
