// One threadgroup a row: every step takes THREADS float4s, a prefix sum inside each lane, SIMD-group and threadgroup,
// and carries the running total in a register. Two sets of SIMD totals in turn need only one barrier a step.
//! grid: 256 rows 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;
constant constexpr uint SIMD_GROUPS = THREADS / 32;
constant constexpr uint STEP = 4 * THREADS;

// The four values from `first` on, zero beyond the row's end. Rows start 16-byte aligned only if count % 4 == 0.
inline float4 load4(device const float* row, uint first, uint count) {
  if (count % 4 == 0) {
    return first < count ? *reinterpret_cast<device const float4*>(row + first) : float4(0.0f);
  }
  float4 values = float4(0.0f);
  for (uint i = 0; i < 4 && first + i < count; ++i) {
    values[i] = row[first + i];
  }
  return values;
}

inline void store4(device float* row, uint first, uint count, float4 values) {
  if (first + 4 <= count && count % 4 == 0) {
    *reinterpret_cast<device float4*>(row + first) = values;
    return;
  }
  for (uint i = 0; i < 4 && first + i < count; ++i) {
    row[first + i] = values[i];
  }
}

kernel void cumsum_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]],
                       constant uint& N [[buffer(2)]], uint2 group [[threadgroup_position_in_grid]],
                       uint thread_index [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]],
                       uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float totals[2][SIMD_GROUPS];
  device const float* row = x + ulong(group.y) * N;
  device float* out = y + ulong(group.y) * N;

  float carry = 0.0f;
  uint turn = 0;
  for (uint start = 0; start < N; start += STEP) {
    const uint first = start + 4 * thread_index;
    float4 values = load4(row, first, N);
    values.y += values.x;
    values.z += values.y;
    values.w += values.z;
    const float before = simd_prefix_exclusive_sum(values.w);
    if (lane == 31) {
      totals[turn][simd] = before + values.w;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);

    float preceding = 0.0f;
    float step_total = 0.0f;
    for (uint i = 0; i < SIMD_GROUPS; ++i) {
      preceding = i == simd ? step_total : preceding;
      step_total += totals[turn][i];
    }
    store4(out, first, N, values + (carry + (preceding + before)));
    carry += step_total;
    turn ^= 1;
  }
}
