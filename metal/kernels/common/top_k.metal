// Each SIMD-group keeps the 32 largest of its columns sorted over its lanes and merges in only what could enter;
// several SIMD-groups of a row are merged at the end. k is at most 32.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_top_k.h"
#include <metal_stdlib>
using namespace metal;

kernel void top_k_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                      constant uint &C [[buffer(2)]], constant uint &k [[buffer(3)]],
                      uint2 position [[thread_position_in_grid]], uint2 local [[thread_position_in_threadgroup]],
                      uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::Entry partials[row::LANES * row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const row::Entry entry = row::largest(x + ulong(position.y) * C, C, k, team, partials);
  if (team.index < k) {
    y[ulong(position.y) * k + team.index] = entry.value;
  }
}
