// One read of the logits gives their maximum, the sum of exponentials and the plain sum that smoothing needs. They are
// taken relative to the row's first one, so that a common offset costs no digits.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_softmax.h"
#include <metal_stdlib>
using namespace metal;

kernel void label_smoothing_loss_f32(device const float *L [[buffer(0)]], device const int *labels [[buffer(1)]],
                                     device float *out [[buffer(2)]], constant uint &C [[buffer(4)]],
                                     constant float &smoothing [[buffer(5)]],
                                     uint2 position [[thread_position_in_grid]],
                                     uint2 local [[thread_position_in_threadgroup]],
                                     uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::MaxSum partials[row::MAX_SIMD_GROUPS];
  threadgroup float sums[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  const row::Logits logits = {L + ulong(position.y) * C};
  const float origin = logits.x[0];

  row::MaxSum seen = {row::LOWEST, 0.0f};
  float4 total = float4(0.0f);
  for (uint start = 0; start < C; start += team.step()) {
    float4 quads[row::KEPT];
    row::fetch(logits, start, C, team, quads);
    for (uint k = 0; k < row::KEPT; ++k) {
      quads[k] -= origin;
      total += select(float4(0.0f), quads[k], team.column(start, k) + uint4(0, 1, 2, 3) < C);
    }
    seen = row::with(seen, quads);
  }
  const float log_sum = row::merge(seen, team, partials).log();
  const float mean = row::sum(row::horizontal_sum(total), team, sums) / float(C);
  if (team.index == 0) {
    const float chosen = logits.x[labels[position.y]] - origin;
    out[position.y] = log_sum - mix(chosen, mean, smoothing);
  }
}
