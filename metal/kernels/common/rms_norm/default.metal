// One SIMD-group a row: up to KEPT vectors a lane stay in registers between the sum and the scaling, so rows of
// 1024 columns are read once. The grid is exact, which is how a kernel without a row count guards its last rows.
//! grid: 32 rows 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint LANES = 32;
constant constexpr uint KEPT = 8;

inline float horizontal_sum(float v) { return v; }
inline float horizontal_sum(float4 v) { return (v.x + v.y) + (v.z + v.w); }

template <typename T> void normalise(device const T *x, device T *y, uint count, uint cols, float eps, uint lane) {
  T kept[KEPT];
  T squares = T(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    kept[k] = i < count ? x[i] : T(0.0f);
    squares += kept[k] * kept[k];
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    squares += x[i] * x[i];
  }
  const float scale = rsqrt(simd_sum(horizontal_sum(squares)) / float(cols) + eps);
  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    if (i < count) {
      y[i] = kept[k] * scale;
    }
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    y[i] = x[i] * scale;
  }
}

kernel void rms_norm_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                         constant uint &N [[buffer(2)]], constant float &eps [[buffer(3)]],
                         uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * N;
  device float *out = y + ulong(position.y) * N;
  if (N % 4 == 0) {
    normalise(reinterpret_cast<device const float4 *>(row), reinterpret_cast<device float4 *>(out), N / 4, N, eps,
              lane);
  } else {
    normalise(row, out, N, N, eps, lane);
  }
}
