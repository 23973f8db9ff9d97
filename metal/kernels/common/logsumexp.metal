// The maximum and the sum of exponentials are kept together while the row is read once, and merged over lanes and
// SIMD-groups at the end.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_softmax.h"
#include <metal_stdlib>
using namespace metal;

kernel void logsumexp_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                          constant uint &C [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                          uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::MaxSum partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const row::Logits logits = {x + ulong(position.y) * C};
  float4 quads[row::KEPT];
  const row::MaxSum seen = row::max_sum(logits, C, team, partials, quads);
  if (team.index == 0) {
    y[position.y] = seen.log();
  }
}
