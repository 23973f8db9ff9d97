// The first dispatch is an implicit GEMM over 64 pixels and all filters a threadgroup, reduced to the sum of the
// pixels' largest channels; the second adds these sums. div_val is positive, so dividing does not change which is
// largest.
//! scratch parts: float ceil_div(B * (D - R + 1) * (H - R + 1) * (W - R + 1), 64)
//! dispatch largest_channels grid: round_up(B * (D - R + 1) * (H - R + 1) * (W - R + 1), 64) threadgroup: 64 bind 2=parts
//! dispatch conv3d_div_pool_sum_f32 grid: 256 threadgroup: 256 bind 0=parts
#include "channel_maxima.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 256;
constant constexpr uint LANES = 32;

kernel void largest_channels(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                             device float *parts [[buffer(2)]], constant uint &B [[buffer(3)]],
                             constant uint &C_in [[buffer(4)]], constant uint &D [[buffer(5)]],
                             constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]],
                             constant uint &C_out [[buffer(8)]], constant uint &R [[buffer(9)]],
                             uint lane [[thread_index_in_simdgroup]], uint group [[threadgroup_position_in_grid]],
                             uint thread_index [[thread_index_in_threadgroup]],
                             uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const convolution::Shape shape = {uint3(W, H, D), uint3(R), 1, C_in};
  const uint pixels = shape.pixels(B);
  const tiled::Place at = {64 * group, 0, thread_index, simd};
  const float largest = channel_maximum(x, w, shape, pixels, C_out, blocks, at);
  threadgroup float halves[2];
  const float total = simd_sum(64 * group + thread_index < pixels ? largest : 0.0f);
  if (lane == 0) {
    halves[simd] = total;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (thread_index == 0) {
    parts[group] = halves[0] + halves[1];
  }
}

kernel void conv3d_div_pool_sum_f32(device const float *parts [[buffer(0)]], device float *y [[buffer(2)]],
                                    constant uint &B [[buffer(3)]], constant uint &D [[buffer(5)]],
                                    constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]],
                                    constant uint &R [[buffer(9)]], constant float &div_val [[buffer(10)]],
                                    constant float &bias_val [[buffer(11)]],
                                    uint thread_index [[thread_index_in_threadgroup]],
                                    uint lane [[thread_index_in_simdgroup]],
                                    uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float totals[THREADS / LANES];
  const uint positions = (D - R + 1) * (H - R + 1) * (W - R + 1);
  float sum = 0.0f;
  for (uint i = thread_index; i < (B * positions + 63) / 64; i += THREADS) {
    sum += parts[i];
  }
  const float total = simd_sum(sum);
  if (lane == 0) {
    totals[simd] = total;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (simd == 0) {
    const float all = simd_sum(lane < THREADS / LANES ? totals[lane] : 0.0f);
    if (lane == 0) {
      y[0] = all / (div_val * float(positions)) + float(B) * bias_val;
    }
  }
}
