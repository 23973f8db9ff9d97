// Implicit GEMM over 64 x 64 tiles of output pixels and filters; activations and bias are applied as a tile is written.
// relu leaves nothing for leaky_relu to change.
//! grid: round_up(C_out, 64) ceil_div(B * (D - R + 1) * (H - R + 1) * (W - R + 1), 64) 1
//! threadgroup: 64 1 1
#include "activation.h"
#include "implicit_gemm.h"
#include <metal_stdlib>
using namespace metal;

struct Activated {
  device const float *bias;
  uint channels;
  float4 operator()(uint, uint channel, float4 z) const {
    return sigmoid(gelu(max(z, 0.0f))) + tiled::load4(bias, channel, channels, true);
  }
};

kernel void conv3d_multi_act_bias_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                                      device const float *b [[buffer(2)]], device float *y [[buffer(3)]],
                                      constant uint &B [[buffer(4)]], constant uint &C_in [[buffer(5)]],
                                      constant uint &D [[buffer(6)]], constant uint &H [[buffer(7)]],
                                      constant uint &W [[buffer(8)]], constant uint &C_out [[buffer(9)]],
                                      constant uint &R [[buffer(10)]], uint2 group [[threadgroup_position_in_grid]],
                                      uint thread_index [[thread_index_in_threadgroup]],
                                      uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const convolution::Shape shape = {uint3(W, H, D), uint3(R), 1, C_in};
  const uint pixels = shape.pixels(B);
  tiled::Sums<64> sums;
  convolution::multiply(sums, x, w, shape, pixels, C_out, blocks, at);
  tiled::store(sums, y, pixels, C_out, blocks, at, Activated{b, C_out});
}
