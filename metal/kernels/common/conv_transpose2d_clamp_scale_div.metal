// Each of the stride * stride phases of the output is a convolution with a part of the taps: implicit GEMM over 64 x 64
// tiles of its pixels and filters; what follows is applied as a tile is written.
//! grid: round_up(C_out, 64) ceil_div(B * (H + (R - 1) / stride) * (W + (R - 1) / stride), 64) stride * stride
//! threadgroup: 64 1 1
#include "transposed_gemm.h"
#include <metal_stdlib>
using namespace metal;

struct Clamped {
  device const float *bias;
  uint channels;
  float scale;
  float divisor;
  float4 operator()(uint, uint channel, float4 z) const {
    const float4 v = clamp(z + tiled::load4(bias, channel, channels, true), -1.0f, 1.0f) * scale;
    return clamp(v, -1.0f, 1.0f) / divisor;
  }
};

kernel void conv_transpose2d_clamp_scale_div_f32(
    device const float *x [[buffer(0)]], device const float *w [[buffer(1)]], device const float *b [[buffer(2)]],
    device float *y [[buffer(3)]], constant uint &B [[buffer(4)]], constant uint &C_in [[buffer(5)]],
    constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]], constant uint &C_out [[buffer(8)]],
    constant uint &R [[buffer(9)]], constant uint &stride [[buffer(10)]], constant float &scale [[buffer(11)]],
    constant float &div [[buffer(12)]], uint3 group [[threadgroup_position_in_grid]],
    uint thread_index [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const transposed::Phase phase = transposed::Phase::of(uint3(W, H, 1), uint3(R, R, 1), stride, C_in, group.z);
  transposed::tile(x, w, y, phase, B, C_out, blocks, at, Clamped{b, C_out, scale, div});
}
