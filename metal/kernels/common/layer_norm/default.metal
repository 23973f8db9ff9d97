// One SIMD-group a row, up to KEPT vectors a lane in registers: rows of 1024 columns are read once. The second
// pass sums deviations and their squares together and corrects the mean, which holds at |mean| >> deviation.
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
  T total = T(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    kept[k] = i < count ? x[i] : T(0.0f);
    total += kept[k];
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    total += x[i];
  }
  const float mean = simd_sum(horizontal_sum(total)) / float(cols);

  T deviations = T(0.0f);
  T squares = T(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    kept[k] = lane + k * LANES < count ? kept[k] - mean : T(0.0f);
    deviations += kept[k];
    squares += kept[k] * kept[k];
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    const T deviation = x[i] - mean;
    deviations += deviation;
    squares += deviation * deviation;
  }
  const float2 moments = simd_sum(float2(horizontal_sum(deviations), horizontal_sum(squares))) / float(cols);
  const float correction = moments.x;
  const float scale = rsqrt(max(moments.y - correction * correction, 0.0f) + eps);

  for (uint k = 0; k < KEPT; ++k) {
    const uint i = lane + k * LANES;
    if (i < count) {
      y[i] = (kept[k] - correction) * scale;
    }
  }
  for (uint i = lane + KEPT * LANES; i < count; i += LANES) {
    y[i] = ((x[i] - mean) - correction) * scale;
  }
}

kernel void layer_norm_f32(device const float *X [[buffer(0)]], device float *Y [[buffer(1)]],
                           constant uint &D [[buffer(2)]], constant float &eps [[buffer(3)]],
                           uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = X + ulong(position.y) * D;
  device float *out = Y + ulong(position.y) * D;
  if (D % 4 == 0) {
    normalise(reinterpret_cast<device const float4 *>(row), reinterpret_cast<device float4 *>(out), D / 4, D, eps,
              lane);
  } else {
    normalise(row, out, D, D, eps, lane);
  }
}
