// A matrix is one contiguous row of M * N: read once by a team of SIMD-groups, one where there are matrices enough to
// fill the machine, more where they are few and large.
//! grid: 32 * min(ceil_div(4096, batch), ceil_div(M * N, 1024), 32) batch 1
//! threadgroup: 32 * min(ceil_div(4096, batch), ceil_div(M * N, 1024), 32) max(8 / ceil_div(4096, batch), 1) 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void frobenius_norm_batch_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                                     constant uint &M [[buffer(2)]], constant uint &N [[buffer(3)]],
                                     uint2 position [[thread_position_in_grid]],
                                     uint2 local [[thread_position_in_threadgroup]],
                                     uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const uint size = M * N;
  device const float *values = x + ulong(position.y) * size;
  float4 squares = float4(0.0f);
  for (uint start = 0; start < size; start += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(start, k);
      const float4 v = row::load4(values, first, size);
      squares = fma(v, v, squares);
    }
  }
  const float total = row::sum(row::horizontal_sum(squares), team, partials);
  if (team.index == 0) {
    y[position.y] = sqrt(total);
  }
}
