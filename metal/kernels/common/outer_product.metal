// A thread stores float4s of eight rows, a grid's width apart: eight elements of x stay in registers and each float4 of
// y serves eight stores, which are all the traffic.
//! tune: ROWS in 2, 4, 8, 16
//! grid: ceil_div(N, 16) ceil_div(M, ROWS) 1
//! threadgroup: 256 1 1
#include "elementwise.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint ROWS = 8;

kernel void outer_product_f32(device const float *x [[buffer(0)]], device const float *y [[buffer(1)]],
                              device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                              constant uint &N [[buffer(4)]], uint2 position [[thread_position_in_grid]],
                              uint2 threads [[threads_per_grid]]) {
  const uint row = ROWS * position.y;
  const uint rows = min(ROWS, M - row);
  float left[ROWS];
  for (uint i = 0; i < ROWS; ++i) {
    left[i] = i < rows ? x[row + i] : 0.0f;
  }
  for (uint col = 4 * position.x; col < N; col += 4 * threads.x) {
    const bool whole = col + 4 <= N;
    const float4 right = whole ? load4(y + col) : float4(0.0f);
    for (uint i = 0; i < ROWS; ++i) {
      device float *out = C + ulong(row + i) * N;
      if (i < rows && whole) {
        *reinterpret_cast<device packed_float4 *>(out + col) = left[i] * right; // a row starts where it will
      } else if (i < rows) {
        for (uint j = col; j < N; ++j) {
          out[j] = left[i] * y[j];
        }
      }
    }
  }
}
