// In NCHW a group of channels with its images is one contiguous row: read once by a team of SIMD-groups that keeps up
// to 32,768 elements in registers.
//! grid: 32 * min(ceil_div(C / G * H * W, 1024), 32) N * G 1
//! threadgroup: 32 * min(ceil_div(C / G * H * W, 1024), 32) max(8 / ceil_div(C / G * H * W, 1024), 1) 1
#include "row_norm.h"
#include <metal_stdlib>
using namespace metal;

kernel void group_norm_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                           constant uint &C [[buffer(3)]], constant uint &H [[buffer(4)]],
                           constant uint &W [[buffer(5)]], constant uint &G [[buffer(6)]],
                           constant float &eps [[buffer(7)]], uint2 position [[thread_position_in_grid]],
                           uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::NormPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const uint size = C / G * H * W;
  const ulong start = ulong(position.y) * size;
  row::normalise(row::Load{X + start}, row::Store{Y + start}, size, eps, team, partials);
}
