// The first dispatch is an implicit GEMM over 64 pixels and all filters a threadgroup, reduced to each pixel's largest
// channel; the second averages rows of pixels, one a SIMD-group. div_val is positive: it does not change which is
// largest.
//! scratch maxima: float B * (D - R + 1) * (H - R + 1) * (W - R + 1)
//! dispatch largest_channels grid: round_up(B * (D - R + 1) * (H - R + 1) * (W - R + 1), 64) threadgroup: 64 bind 2=maxima
//! dispatch conv3d_div_pool_rows_f32 grid: 32 B * (D - R + 1) * (H - R + 1) threadgroup: 32 8 bind 0=maxima
#include "channel_maxima.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint LANES = 32;

kernel void largest_channels(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                             device float *maxima [[buffer(2)]], constant uint &B [[buffer(3)]],
                             constant uint &C_in [[buffer(4)]], constant uint &D [[buffer(5)]],
                             constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]],
                             constant uint &C_out [[buffer(8)]], constant uint &R [[buffer(9)]],
                             uint group [[threadgroup_position_in_grid]],
                             uint thread_index [[thread_index_in_threadgroup]],
                             uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const convolution::Shape shape = {uint3(W, H, D), uint3(R), 1, C_in};
  const uint pixels = shape.pixels(B);
  const tiled::Place at = {64 * group, 0, thread_index, simd};
  const float largest = channel_maximum(x, w, shape, pixels, C_out, blocks, at);
  if (64 * group + thread_index < pixels) {
    maxima[64 * group + thread_index] = largest;
  }
}

kernel void conv3d_div_pool_rows_f32(device const float *maxima [[buffer(0)]], device float *y [[buffer(2)]],
                                     constant uint &W [[buffer(7)]], constant uint &R [[buffer(9)]],
                                     constant float &div_val [[buffer(10)]], constant float &bias_val [[buffer(11)]],
                                     uint2 position [[thread_position_in_grid]]) {
  const uint cols = W - R + 1;
  device const float *row = maxima + ulong(position.y) * cols;
  float sum = 0.0f;
  for (uint col = position.x; col < cols; col += LANES) {
    sum += row[col];
  }
  const float total = simd_sum(sum);
  if (position.x == 0) {
    y[position.y] = total / (div_val * float(cols)) + bias_val;
  }
}
