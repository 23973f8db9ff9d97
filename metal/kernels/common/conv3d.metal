// Implicit GEMM over 64 x 64 tiles of output pixels and filters; K, the taps and channels, is gathered as it is staged.
// Along the width a window is contiguous in NDHWC.
//! grid: round_up(C_out, 64) ceil_div(B * ((D - R) / stride + 1) * ((H - R) / stride + 1) * ((W - R) / stride + 1), 64)
//! threadgroup: 64 1 1
#include "implicit_gemm.h"
#include <metal_stdlib>
using namespace metal;

kernel void conv3d_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &B [[buffer(3)]], constant uint &C_in [[buffer(4)]],
                       constant uint &D [[buffer(5)]], constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]],
                       constant uint &C_out [[buffer(8)]], constant uint &R [[buffer(9)]],
                       constant uint &stride [[buffer(10)]], uint2 group [[threadgroup_position_in_grid]],
                       uint thread_index [[thread_index_in_threadgroup]],
                       uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const convolution::Shape shape = {uint3(W, H, D), uint3(R), stride, C_in};
  const uint pixels = shape.pixels(B);
  tiled::Sums<64> sums;
  convolution::multiply(sums, x, w, shape, pixels, C_out, blocks, at);
  tiled::store(sums, y, pixels, C_out, blocks, at);
}
