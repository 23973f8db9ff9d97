// gelu(x) = max(x, 0) - |x| * Phi(-|x|): the second term is small and smooth, so nothing cancels for negative x.
// Phi by Abramowitz and Stegun 7.1.26 (error below 7.5e-8); one float4 a thread on an exact grid.
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

template <typename T> inline T gelu(T x) {
  const T a = fabs(x);
  const T t = 1.0f / (1.0f + 0.2316419f * a);
  T tail = t * 0.5307027145f - 0.7265760135f;
  tail = t * tail + 0.7107068705f;
  tail = t * tail - 0.142248368f;
  tail = t * tail + 0.127414796f;
  return max(x, T(0.0f)) - a * t * tail * exp(-0.5f * a * a);
}

kernel void gelu_f32(device const float* x [[buffer(0)]], device float* y [[buffer(1)]], constant uint& N [[buffer(2)]],
                     uint index [[thread_position_in_grid]]) {
  const uint first = 4 * index;
  if (first + 4 <= N) {
    const float4 values = *reinterpret_cast<device const float4*>(x + first);
    *reinterpret_cast<device float4*>(y + first) = gelu(values);
  } else {
    for (uint i = first; i < N; ++i) {
      y[i] = gelu(x[i]);
    }
  }
}
