// The first maximum of a row: every lane follows four columns at once, and ties go to the lowest index at the end.
#pragma once

#include "row.h"

namespace row {

struct Best {
  float value;
  uint index;
};

inline Best simd_first_maximum(Best best) {
  const float highest = simd_max(best.value);
  return {highest, simd_min(best.value == highest ? best.index : 0xFFFFFFFF)};
}

// In every thread of the team. A row of -inf gives 0: no comparison succeeds, and the first column's start is least.
inline uint first_maximum(device const float *x, uint cols, Team team, threadgroup Best *partials) {
  const uint4 lanes = uint4(0, 1, 2, 3);
  uint4 at = team.column(0, 0) + lanes;
  float4 highest = float4(-INFINITY);
  for (uint start = 0; start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      const uint first = team.column(start, k);
      const float4 values = load4(x, first, cols, -INFINITY);
      const bool4 better = values > highest;
      highest = select(highest, values, better);
      at = select(at, first + lanes, better);
    }
  }
  Best best = {highest.x, at.x};
  for (uint i = 1; i < 4; ++i) {
    const bool earlier = highest[i] == best.value && at[i] < best.index;
    if (highest[i] > best.value || earlier) {
      best = {highest[i], at[i]};
    }
  }

  best = simd_first_maximum(best);
  if (team.groups == 1) {
    return best.index;
  }
  if (team.lane == 0) {
    partials[team.first + team.index / LANES] = best;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return simd_first_maximum(partials[team.first + min(team.lane, team.groups - 1)]).index;
}

} // namespace row
