// One read of the row: the online maximum and sum, while a team of SIMD-groups wide enough keeps the row in registers
// for the result.
//! grid: 32 * min(ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(cols, 1024), 32) max(8 / ceil_div(cols, 1024), 1) 1
#include "row_softmax.h"
#include <metal_stdlib>
using namespace metal;

kernel void log_softmax_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                            constant uint &C [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                            uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::MaxSum partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * C;
  const row::Logits logits = {X + start};
  device float *out = Y + start;
  float4 kept[row::KEPT];
  const row::MaxSum seen = row::max_sum(logits, C, team, partials, kept);
  const float log_total = log(seen.total);

  for (uint k = 0; k < row::KEPT; ++k) {
    row::store4(out, team.column(0, k), C, (kept[k] - seen.highest) - log_total);
  }
  for (uint next = team.step(); next < C; next += team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint first = team.column(next, k);
      row::store4(out, first, C, (logits.at(first, C) - seen.highest) - log_total);
    }
  }
}
