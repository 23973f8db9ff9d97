// In NCHW the image of a channel is a row of H * W: one read by a team of SIMD-groups that keeps it in registers. A row
// has one scale and one shift.
//! grid: 32 * min(ceil_div(H * W, 1024), 32) N * C 1
//! threadgroup: 32 * min(ceil_div(H * W, 1024), 32) max(8 / ceil_div(H * W, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void instance_norm_affine_f32(device const float *X [[buffer(0)]], device const float *gamma [[buffer(1)]],
                                     device const float *beta [[buffer(2)]], device float *Y [[buffer(3)]],
                                     constant uint &C [[buffer(5)]], constant uint &H [[buffer(6)]],
                                     constant uint &W [[buffer(7)]], constant float &eps [[buffer(8)]],
                                     uint2 position [[thread_position_in_grid]],
                                     uint2 local [[thread_position_in_threadgroup]],
                                     uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const uint area = H * W;
  const uint channel = position.y % C;
  const ulong start = ulong(position.y) * area;
  row::normalise(row::Load{X + start}, row::StoreChannels{Y + start, gamma + channel, beta + channel, area}, area, eps,
                 team, partials);
}
