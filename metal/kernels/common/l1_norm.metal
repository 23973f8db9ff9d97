// Each row is read once by a team of SIMD-groups: one where there are rows enough to fill the machine, more where rows
// are few and long. Eight float4 loads of a thread are in flight at a time.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void l1_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                        constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                        uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  device const float *values = x + ulong(position.y) * N;
  float4 total = float4(0.0f);
  for (uint start = 0; start < N; start += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(start, k);
      total += abs(row::load4(values, first, N));
    }
  }
  const float norm = row::sum(row::horizontal_sum(total), team, partials);
  if (team.index == 0) {
    y[position.y] = norm;
  }
}
