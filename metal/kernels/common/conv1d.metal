// Implicit GEMM over 64 x 64 tiles of output pixels and filters; K, the taps and channels, is gathered as it is staged.
// Windows are contiguous in NLC: rows of K start stride * C_in elements apart.
//! grid: round_up(C_out, 64) ceil_div(B * ceil_div(L - R + 1, stride), 64) 1
//! threadgroup: 64 1 1
#include "implicit_gemm.h"
#include <metal_stdlib>
using namespace metal;

kernel void conv1d_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &B [[buffer(3)]], constant uint &C_in [[buffer(4)]],
                       constant uint &L [[buffer(5)]], constant uint &C_out [[buffer(6)]],
                       constant uint &R [[buffer(7)]], constant uint &stride [[buffer(8)]],
                       uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                       uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const convolution::Shape shape = {uint3(L, 1, 1), uint3(R, 1, 1), stride, C_in};
  const uint pixels = shape.pixels(B);
  tiled::Sums<64> sums;
  convolution::multiply(sums, x, w, shape, pixels, C_out, blocks, at);
  tiled::store(sums, y, pixels, C_out, blocks, at);
}
