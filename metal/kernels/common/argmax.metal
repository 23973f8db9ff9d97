// Every lane follows four columns at once, eight loads in flight; equal maxima give the lowest index. One SIMD-group a
// row where rows are many, up to 32 where they are few.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_argmax.h"
#include <metal_stdlib>
using namespace metal;

kernel void argmax_f32(device const float *x [[buffer(0)]], device float *out [[buffer(1)]],
                       constant uint &C [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                       uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::Best partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const uint index = row::first_maximum(x + ulong(position.y) * C, C, team, partials);
  if (team.index == 0) {
    out[position.y] = float(index);
  }
}
