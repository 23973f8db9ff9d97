// One read of both rows: the online maximum and sum of the logits, and the sums of the labels and of label times logit.
// Logits are taken relative to the row's first one, so that a common offset costs no digits.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_softmax.h"
#include <metal_stdlib>
using namespace metal;

kernel void log_softmax_cross_entropy_f32(device const float *L [[buffer(0)]], device const float *Yh [[buffer(1)]],
                                          device float *out [[buffer(2)]], constant uint &C [[buffer(4)]],
                                          uint2 position [[thread_position_in_grid]],
                                          uint2 local [[thread_position_in_threadgroup]],
                                          uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::MaxSum partials[row::MAX_SIMD_GROUPS];
  threadgroup float2 sums[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const row::Logits logits = {L + ulong(position.y) * C};
  device const float *labels = Yh + ulong(position.y) * C;
  const float origin = logits.x[0];

  row::MaxSum seen = {row::LOWEST, 0.0f};
  float4 weight = float4(0.0f);
  float4 product = float4(0.0f);
  for (uint start = 0; start < C; start += team.step()) {
    float4 quads[row::KEPT];
    row::fetch(logits, start, C, team, quads);
    for (uint k = 0; k < row::KEPT; ++k) {
      quads[k] -= origin;
      const float4 label = row::load4(labels, team.column(start, k), C);
      weight += label;
      product += select(label * quads[k], float4(0.0f), label == 0.0f);
    }
    seen = row::with(seen, quads);
  }
  const float log_sum = row::merge(seen, team, partials).log();
  const float2 total = row::sum(float2(row::horizontal_sum(weight), row::horizontal_sum(product)), team, sums);
  if (team.index == 0) {
    out[position.y] = total.x * log_sum - total.y;
  }
}
