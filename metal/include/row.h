// Row operations: the team of threads that works on one row, its reductions, and loads of four columns.
#pragma once

#include <metal_stdlib>
using namespace metal;

namespace row {

// Quads of four columns that a thread keeps in registers; a team of one SIMD-group keeps 1024 columns.
constant constexpr uint KEPT = 8;
constant constexpr uint LANES = 32;
constant constexpr uint MAX_SIMD_GROUPS = 32;

// One or several SIMD-groups along x; rows that need few share a threadgroup along y.
struct Team {
  uint index;  // of this thread in the team
  uint size;   // threads, a multiple of LANES
  uint lane;   // of this thread in its SIMD-group
  uint first;  // SIMD-group of the threadgroup that is the team's first
  uint groups; // SIMD-groups of the team

  // From thread_position_in_threadgroup and threads_per_threadgroup.
  static Team of(uint2 position, uint2 extent) {
    const uint groups = extent.x / LANES;
    return {position.x, extent.x, position.x % LANES, position.y * groups, groups};
  }

  // The first column of quad k of this thread, where a step of the whole team begins at `start`.
  uint column(uint start, uint k) const { return start + 4 * (index + k * size); }

  // Columns that the team takes in one step of KEPT quads a thread.
  uint step() const { return 4 * KEPT * size; }
};

inline float horizontal_sum(float4 v) { return (v.x + v.y) + (v.z + v.w); }
inline float horizontal_max(float4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

// Over the team, in every thread. `partials` holds MAX_SIMD_GROUPS values that no other call of the kernel uses.
template <typename T> T sum(T value, Team team, threadgroup T *partials) {
  const T total = simd_sum(value);
  if (team.groups == 1) {
    return total;
  }
  if (team.lane == 0) {
    partials[team.first + team.index / LANES] = total;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  return simd_sum(team.lane < team.groups ? partials[team.first + team.lane] : T(0.0f));
}

// Columns first … first + 3 of a row of `count`, `beyond` past its end. Rows need not start 16-byte aligned.
inline float4 load4(device const float *row, uint first, uint count, float beyond = 0.0f) {
  if (first + 4 <= count) {
    return float4(*reinterpret_cast<device const packed_float4 *>(row + first));
  }
  float4 values = float4(beyond);
  for (uint i = 0; i < 3 && first + i < count; ++i) {
    values[i] = row[first + i];
  }
  return values;
}

inline void store4(device float *row, uint first, uint count, float4 values) {
  if (first + 4 <= count) {
    *reinterpret_cast<device packed_float4 *>(row + first) = packed_float4(values);
    return;
  }
  for (uint i = 0; i < 3 && first + i < count; ++i) {
    row[first + i] = values[i];
  }
}

} // namespace row
