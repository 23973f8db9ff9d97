// One SIMD-group a row, four independent accumulators a lane to keep loads in flight, one SIMD reduction at the end.
// The grid is exact, so no row count is needed.
//! reason bytes: every row reads x, which caches hold; A alone has to come from memory
//! grid: 32 rows 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint LANES = 32;
constant constexpr uint UNROLL = 4;

inline float horizontal_sum(float v) { return v; }
inline float horizontal_sum(float4 v) { return (v.x + v.y) + (v.z + v.w); }

template <typename T> float row_product(device const T *row, device const T *x, uint count, uint lane) {
  T partial[UNROLL] = {T(0.0f), T(0.0f), T(0.0f), T(0.0f)};
  uint i = lane;
  for (; i + (UNROLL - 1) * LANES < count; i += UNROLL * LANES) {
    for (uint u = 0; u < UNROLL; ++u) {
      partial[u] = fma(row[i + u * LANES], x[i + u * LANES], partial[u]);
    }
  }
  for (; i < count; i += LANES) {
    partial[0] = fma(row[i], x[i], partial[0]);
  }
  return simd_sum(horizontal_sum((partial[0] + partial[1]) + (partial[2] + partial[3])));
}

kernel void matvec_f32(device const float *A [[buffer(0)]], device const float *x [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &N [[buffer(3)]],
                       uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = A + ulong(position.y) * N;
  float product;
  if (N % 4 == 0) {
    product = row_product(reinterpret_cast<device const float4 *>(row), reinterpret_cast<device const float4 *>(x),
                          N / 4, lane);
  } else {
    product = row_product(row, x, N, lane);
  }
  if (lane == 0) {
    y[position.y] = product;
  }
}
