// Two dispatches: up to 1024 threadgroups each reduce an interleaved share, then one adds their partial sums. Nothing
// depends on the order in which threadgroups run.
//! scratch part: float 1024
//! dispatch mse_loss_f32 grid: 256 * min(ceil_div(N, 16384), 1024) 1 1 threadgroup: 256 1 1 bind 2=part
//! dispatch mse_loss_finish grid: 256 1 1 threadgroup: 256 1 1 bind 0=part const 4=min(ceil_div(N, 16384), 1024)
#include "row.h"
#include <metal_stdlib>
using namespace metal;

kernel void mse_loss_f32(device const float *pred [[buffer(0)]], device const float *target [[buffer(1)]],
                         device float *part [[buffer(2)]], constant uint &N [[buffer(3)]],
                         uint2 group [[threadgroup_position_in_grid]], uint2 groups [[threadgroups_per_grid]],
                         uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  float4 squares = float4(0.0f);
  for (uint start = group.x * team.step(); start < N; start += groups.x * team.step()) {
    for (uint k = 0; k < row::KEPT; ++k) {
      const uint i = team.column(start, k);
      const float4 difference = row::load4(pred, i, N) - row::load4(target, i, N);
      squares = fma(difference, difference, squares);
    }
  }
  const float total = row::sum(row::horizontal_sum(squares), team, partials);
  if (team.index == 0) {
    part[group.x] = total;
  }
}

kernel void mse_loss_finish(device const float *part [[buffer(0)]], device float *out [[buffer(2)]],
                            constant uint &N [[buffer(3)]], constant uint &count [[buffer(4)]],
                            uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup float partials[row::MAX_SIMD_GROUPS];
  const row::Team team = row::Team::of(local, extent);
  float sum = 0.0f;
  for (uint i = team.index; i < count; i += team.size) {
    sum += part[i];
  }
  const float total = row::sum(sum, team, partials);
  if (team.index == 0) {
    out[0] = total / float(N);
  }
}
