// The honest twin: the same kernel without the fault.
// twin of: 70_stride_baked_in.metal
// kernel: conv2d
// size: check
//! grid: C_out ceil_div(W - S + 1, stride) B * ceil_div(H - R + 1, stride)
//! threadgroup: 32 4 1
#include <metal_stdlib>
using namespace metal;

kernel void conv2d_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &C_in [[buffer(4)]], constant uint &H [[buffer(5)]],
                       constant uint &W [[buffer(6)]], constant uint &C_out [[buffer(7)]],
                       constant uint &R [[buffer(8)]], constant uint &S [[buffer(9)]],
                       constant uint &stride [[buffer(10)]], uint3 position [[thread_position_in_grid]]) {
  const uint step = stride;
  const uint out_h = (H - R) / stride + 1;
  const uint out_w = (W - S) / stride + 1;
  const uint row = position.z % out_h * step;
  const uint col = position.y * step;
  device const float *image = x + ulong(position.z / out_h) * H * W * C_in;
  device const float *filter = w + ulong(position.x) * R * S * C_in;
  float sum = 0.0f;
  for (uint r = 0; r < R; ++r) {
    for (uint k = 0; k < S * C_in; ++k) {
      sum = fma(image[((row + r) * W + col) * C_in + k], filter[r * S * C_in + k], sum);
    }
  }
  y[(ulong(position.z) * out_w + position.y) * C_out + position.x] = sum;
}
