// One threadgroup a row: every step takes eight values a thread, a prefix sum inside each lane, SIMD-group and
// threadgroup, and carries the running total in a register. Two sets of SIMD totals in turn: one barrier a step.
//! grid: 128 rows 1
//! threadgroup: 128 1 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint SIMD_GROUPS = THREADS / 32;
constant constexpr uint VALUES = 8;

// Four values of the row, zero beyond its end. Rows start 16-byte aligned only if count % 4 == 0.
inline float4 load4(device const float *row, uint first, uint count) {
  if (count % 4 == 0) {
    return first < count ? *reinterpret_cast<device const float4 *>(row + first) : float4(0.0f);
  }
  float4 values = float4(0.0f);
  for (uint i = 0; i < 4 && first + i < count; ++i) {
    values[i] = row[first + i];
  }
  return values;
}

inline void store4(device float *row, uint first, uint count, float4 values) {
  if (count % 4 == 0) {
    if (first < count) {
      *reinterpret_cast<device float4 *>(row + first) = values;
    }
    return;
  }
  for (uint i = 0; i < 4 && first + i < count; ++i) {
    row[first + i] = values[i];
  }
}

inline float4 prefix_sum(float4 v) {
  v.yw += v.xz;
  v.zw += v.y;
  return v;
}

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint2 group [[threadgroup_position_in_grid]],
                       uint thread_index [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float totals[2][SIMD_GROUPS];
  device const float *row = x + ulong(group.y) * N;
  device float *out = y + ulong(group.y) * N;

  float carry = 0.0f;
  uint turn = 0;
  for (uint start = 0; start < N; start += THREADS * VALUES) {
    const uint first = start + VALUES * thread_index;
    const float4 low = prefix_sum(load4(row, first, N));
    const float4 high = prefix_sum(load4(row, first + 4, N)) + low.w;
    const float before = simd_prefix_exclusive_sum(high.w);
    if (lane == 31) {
      totals[turn][simd] = before + high.w;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);

    float preceding = 0.0f;
    float step_total = 0.0f;
    for (uint i = 0; i < SIMD_GROUPS; ++i) {
      preceding = i == simd ? step_total : preceding;
      step_total += totals[turn][i];
    }
    const float offset = carry + (preceding + before);
    store4(out, first, N, low + offset);
    store4(out, first + 4, N, high + offset);
    carry += step_total;
    turn ^= 1;
  }
}
