// Scans a row in one read: quads, then lanes, then the 128-column blocks of a SIMD-group, then SIMD-groups.
// A Source gives four columns, at(first, count); a Sink takes four, put(first, count, values).
#pragma once

#include "row_norm.h"

namespace row {

struct Adding {
  static float identity() { return 0.0f; }
  template <typename T> static T join(T a, T b) { return a + b; }
  template <typename T> static T before(T value) { return simd_prefix_exclusive_sum(value); }
};

struct Multiplying {
  static float identity() { return 1.0f; }
  template <typename T> static T join(T a, T b) { return a * b; }
  template <typename T> static T before(T value) { return simd_prefix_exclusive_product(value); }
};

// Inclusive within four columns.
template <typename Op> inline float4 prefix(float4 v) {
  v.yw = Op::join(v.yw, v.xz);
  v.zw = Op::join(v.zw, v.yy);
  return v;
}

// Two sets of SIMD-group totals in turn, so that one barrier a step is enough.
struct ScanPartials {
  float totals[2][MAX_SIMD_GROUPS];
};

template <typename Op, bool INCLUSIVE, typename Source, typename Sink>
void scan(Source source, Sink sink, uint cols, Team team, threadgroup ScanPartials &partials) {
  constexpr uint BLOCK = 4 * LANES;
  const uint simd = team.index / LANES;
  const uint offset = simd * KEPT * BLOCK + 4 * team.lane;
  float carry = Op::identity();
  uint turn = 0;
  for (uint start = 0; start < cols; start += team.step()) {
    // The blocks do not depend on each other until their totals are joined: lanes are scanned for four at a time.
    float4 quads[KEPT];
    float lanes_before[KEPT];
    float block_totals[KEPT];
    for (uint k = 0; k < KEPT; ++k) {
      quads[k] = prefix<Op>(source.at(start + offset + k * BLOCK, cols));
    }
    for (uint k = 0; k < KEPT; k += 4) {
      const float4 ends = float4(quads[k].w, quads[k + 1].w, quads[k + 2].w, quads[k + 3].w);
      const float4 before = Op::before(ends);
      const float4 totals = simd_broadcast(Op::join(before, ends), LANES - 1);
      for (uint i = 0; i < 4; ++i) {
        lanes_before[k + i] = before[i];
        block_totals[k + i] = totals[i];
      }
    }
    float total = Op::identity();
    for (uint k = 0; k < KEPT; ++k) {
      lanes_before[k] = Op::join(total, lanes_before[k]);
      total = Op::join(total, block_totals[k]);
    }

    float preceding = carry;
    if (team.groups > 1) {
      threadgroup float *totals = partials.totals[turn] + team.first;
      if (team.lane == 0) {
        totals[simd] = total;
      }
      threadgroup_barrier(mem_flags::mem_threadgroup);
      const float group_total = team.lane < team.groups ? totals[team.lane] : Op::identity();
      const float groups_before = Op::before(group_total);
      preceding = Op::join(carry, simd_shuffle(groups_before, ushort(simd)));
      total = simd_broadcast(Op::join(groups_before, group_total), LANES - 1);
      turn ^= 1;
    }
    for (uint k = 0; k < KEPT; ++k) {
      const float4 v = INCLUSIVE ? quads[k] : float4(Op::identity(), quads[k].xyz);
      sink.put(start + offset + k * BLOCK, cols, Op::join(float4(Op::join(preceding, lanes_before[k])), v));
    }
    carry = Op::join(carry, total);
  }
}

// The same columns counted from the row's end.
struct LoadReversed {
  device const float *x;
  float4 at(uint first, uint count) const {
    if (first + 4 <= count) {
      return load4(x, count - 4 - first, count).wzyx;
    }
    float4 values = float4(0.0f);
    for (uint i = 0; i < 3 && first + i < count; ++i) {
      values[i] = x[count - 1 - first - i];
    }
    return values;
  }
};

struct StoreReversed {
  device float *y;
  void put(uint first, uint count, float4 values) const {
    if (first + 4 <= count) {
      store4(y, count - 4 - first, count, values.wzyx);
      return;
    }
    for (uint i = 0; i < 3 && first + i < count; ++i) {
      y[count - 1 - first - i] = values[i];
    }
  }
};

} // namespace row
