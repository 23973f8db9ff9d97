// The maximum of a row and the sum of exp(x - maximum) in one read, merged over lanes and SIMD-groups.
#pragma once

#include "row.h"

namespace row {

// Below every logit, and finite: the difference of two of them is zero, not NaN. Columns past the end read as this.
constant constexpr float LOWEST = -3.402823466e38f;

struct MaxSum {
  float highest;
  float total; // sum of exp(x - highest)

  float log() const { return highest + metal::log(total); }
};

// `seen` with four more quads.
inline MaxSum with(MaxSum seen, thread const float4 (&quads)[KEPT]) {
  float4 highest = quads[0];
  for (uint k = 1; k < KEPT; ++k) {
    highest = max(highest, quads[k]);
  }
  const float peak = max(seen.highest, horizontal_max(highest));
  float4 total = float4(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    total += exp(quads[k] - peak);
  }
  return {peak, seen.total * exp(seen.highest - peak) + horizontal_sum(total)};
}

inline MaxSum simd_merge(MaxSum seen) {
  const float highest = simd_max(seen.highest);
  return {highest, simd_sum(seen.total * exp(seen.highest - highest))};
}

// Over the team, in every thread. `partials` holds MAX_SIMD_GROUPS values that no other call of the kernel uses.
inline MaxSum merge(MaxSum seen, Team team, threadgroup MaxSum *partials) {
  const MaxSum merged = simd_merge(seen);
  if (team.groups == 1) {
    return merged;
  }
  if (team.lane == 0) {
    partials[team.first + team.index / LANES] = merged;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  MaxSum group = {LOWEST, 0.0f};
  if (team.lane < team.groups) {
    group = partials[team.first + team.lane];
  }
  return simd_merge(group);
}

template <typename Source>
inline void fetch(Source source, uint start, uint cols, Team team, thread float4 (&quads)[KEPT]) {
  for (uint k = 0; k < KEPT; ++k) {
    quads[k] = source.at(team.column(start, k), cols);
  }
}

// The row's maximum and sum; `kept` holds the columns of the first step afterwards.
template <typename Source>
inline MaxSum max_sum(Source source, uint cols, Team team, threadgroup MaxSum *partials, thread float4 (&kept)[KEPT]) {
  fetch(source, 0, cols, team, kept);
  MaxSum seen = with({LOWEST, 0.0f}, kept);
  for (uint start = team.step(); start < cols; start += team.step()) {
    float4 quads[KEPT];
    fetch(source, start, cols, team, quads);
    seen = with(seen, quads);
  }
  return merge(seen, team, partials);
}

struct Logits {
  device const float *x;
  float4 at(uint first, uint count) const { return load4(x, first, count, LOWEST); }
};

struct MaskedLogits {
  device const float *x;
  device const float *mask;
  float4 at(uint first, uint count) const { return load4(x, first, count, LOWEST) + load4(mask, first, count); }
};

} // namespace row
