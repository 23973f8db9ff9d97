// One SIMD-group a row: up to KEPT vectors a lane stay in registers from the maximum to the result, so rows of
// 1024 columns are read once and each exponential is taken once. Longer rows read their rest again.
//! grid: 32 rows 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint LANES = 32;
constant constexpr uint KEPT = 8;

inline float horizontal_sum(float v) { return v; }
inline float horizontal_sum(float4 v) { return (v.x + v.y) + (v.z + v.w); }
inline float horizontal_max(float v) { return v; }
inline float horizontal_max(float4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

template <typename T> void softmax_row(device const T *x, device T *y, uint count, uint lane) {
  T kept[KEPT];
  T highest = T(-INFINITY);
  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    kept[k] = i < count ? x[i] : T(-INFINITY);
    highest = max(highest, kept[k]);
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    highest = max(highest, x[i]);
  }
  const float row_max = simd_max(horizontal_max(highest));

  T total = T(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    kept[k] = exp(kept[k] - row_max);
    total += kept[k];
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    total += exp(x[i] - row_max);
  }
  const float scale = 1.0f / simd_sum(horizontal_sum(total));

  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    if (i < count) {
      y[i] = kept[k] * scale;
    }
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    y[i] = exp(x[i] - row_max) * scale;
  }
}

kernel void softmax_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                        constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * N;
  device float *out = y + ulong(position.y) * N;
  if (N % 4 == 0) {
    softmax_row(reinterpret_cast<device const float4 *>(row), reinterpret_cast<device float4 *>(out), N / 4, lane);
  } else {
    softmax_row(row, out, N, lane);
  }
}
