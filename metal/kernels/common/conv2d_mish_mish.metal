// Implicit GEMM over 64 x 64 tiles of output pixels and filters; mish is applied twice as a tile is written.
//! grid: round_up(C_out, 64) ceil_div(B * (H - R + 1) * (W - S + 1), 64) 1
//! threadgroup: 64 1 1
#include "activation.h"
#include "implicit_gemm.h"
#include <metal_stdlib>
using namespace metal;

struct MishTwice {
  float4 operator()(uint, uint, float4 z) const { return mish(mish(z)); }
};

kernel void conv2d_mish_mish_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                                 device float *y [[buffer(2)]], constant uint &B [[buffer(3)]],
                                 constant uint &H [[buffer(4)]], constant uint &W [[buffer(5)]],
                                 constant uint &C_in [[buffer(6)]], constant uint &C_out [[buffer(7)]],
                                 constant uint &R [[buffer(8)]], constant uint &S [[buffer(9)]],
                                 uint2 group [[threadgroup_position_in_grid]],
                                 uint thread_index [[thread_index_in_threadgroup]],
                                 uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const convolution::Shape shape = {uint3(W, H, 1), uint3(S, R, 1), 1, C_in};
  const uint pixels = shape.pixels(B);
  tiled::Sums<64> sums;
  convolution::multiply(sums, x, w, shape, pixels, C_out, blocks, at);
  tiled::store(sums, y, pixels, C_out, blocks, at, MishTwice());
}
