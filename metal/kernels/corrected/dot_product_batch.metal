// Both vectors of a pair are read once by a team of SIMD-groups: one where there are pairs enough to fill the machine,
// more where they are few and long.
//! grid: 32 * min(ceil_div(4096, batch), ceil_div(length, 1024), 32) batch 1
//! threadgroup: 32 * min(ceil_div(4096, batch), ceil_div(length, 1024), 32) max(8 / ceil_div(4096, batch), 1) 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void dot_product_batch_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                                  device float *out [[buffer(2)]], constant uint &L [[buffer(3)]],
                                  uint2 position [[thread_position_in_grid]],
                                  uint2 local [[thread_position_in_threadgroup]],
                                  uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  device const float *left = x + ulong(position.y) * L;
  device const float *right = y + ulong(position.y) * L;
  float4 total = float4(0.0f);
  for (uint start = 0; start < L; start += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(start, k);
      total = fma(row::load4(left, first, L), row::load4(right, first, L), total);
    }
  }
  const float product = row::sum(row::horizontal_sum(total), team, partials);
  if (team.index == 0) {
    out[position.y] = product;
  }
}
