// Eight pooled cubes of side 2 are the 64 rows of one tile of an implicit GEMM. A thread finds mean and variance of a
// row; beyond 64 channels the products are computed again once they are known.
//! grid: 64 ceil_div(B * ((D + R - 1) / 2) * ((H + R - 1) / 2) * ((W + R - 1) / 2), 8) 1
//! threadgroup: 64 1 1
#include "activation.h"
#include "transposed_gemm.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint SIDE = 2;
constant constexpr uint CUBE = SIDE * SIDE * SIDE;
constant constexpr uint STRIDE = TILE + tiled::PADDING;

// Mean and sum of squared deviations of a row's columns seen so far, joined tile by tile (Chan, Golub, LeVeque).
struct RowMoments {
  float count;
  float mean;
  float squares;

  void add(threadgroup const float *row, threadgroup const float *terms, uint cols) {
    float total = 0.0f;
    for (uint col = 0; col < cols; ++col) {
      total += row[col] + terms[col];
    }
    const float tile_mean = total / float(cols);
    float tile_squares = 0.0f;
    for (uint col = 0; col < cols; ++col) {
      const float deviation = row[col] + terms[col] - tile_mean;
      tile_squares += deviation * deviation;
    }
    const float apart = tile_mean - mean;
    const float share = float(cols) / (count + float(cols));
    squares += tile_squares + apart * apart * count * share;
    mean += apart * share;
    count += float(cols);
  }
};

kernel void conv_transpose3d_norm_pool_gelu_f32(
    device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
    device const float *sum_term [[buffer(2)]], device float *y [[buffer(3)]], constant uint &B [[buffer(4)]],
    constant uint &C_in [[buffer(5)]], constant uint &D [[buffer(6)]], constant uint &H [[buffer(7)]],
    constant uint &W [[buffer(8)]], constant uint &C_out [[buffer(9)]], constant uint &R [[buffer(10)]],
    constant float &eps [[buffer(11)]], uint2 group [[threadgroup_position_in_grid]],
    uint thread_index [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<TILE, true>::QUADS];
  threadgroup float terms[TILE];
  threadgroup float means[TILE];
  threadgroup float scales[TILE];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const transposed::Phase phase = {uint3(W, H, D), uint3(R), uint3(0), 1, C_in};
  const convolution::InCubes<SIDE> pixels = {phase.output() / SIDE};
  const uint cubes = B * pixels.cubes.x * pixels.cubes.y * pixels.cubes.z;
  tiled::Place at = {group.y * TILE, 0, thread_index, simd};

  RowMoments row = {0.0f, 0.0f, 0.0f};
  for (; at.first_col < C_out; at.first_col += TILE) {
    const uint cols = min(TILE, C_out - at.first_col);
    terms[thread_index] = thread_index < cols ? sum_term[at.first_col + thread_index] : 0.0f;
    tiled::Sums<TILE> sums;
    transposed::multiply(sums, x, w, phase, cubes * CUBE, C_out, blocks, at, pixels);
    tiled::place(sums, blocks, at);
    row.add(blocks + thread_index * STRIDE, terms, cols);
    means[thread_index] = row.mean;
    scales[thread_index] = rsqrt(row.squares / row.count + eps);
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  for (at.first_col = 0; at.first_col < C_out; at.first_col += TILE) {
    if (C_out > TILE) {
      tiled::Sums<TILE> sums;
      transposed::multiply(sums, x, w, phase, cubes * CUBE, C_out, blocks, at, pixels);
      tiled::place(sums, blocks, at);
    }
    const uint channel = at.first_col + thread_index;
    for (uint i = 0; i < TILE / CUBE && channel < C_out; ++i) {
      const uint cube = group.y * (TILE / CUBE) + i;
      float total = 0.0f;
      for (uint j = i * CUBE; j < (i + 1) * CUBE; ++j) {
        total += (blocks[j * STRIDE + thread_index] + sum_term[channel] - means[j]) * scales[j];
      }
      if (cube < cubes) {
        y[ulong(cube) * C_out + channel] = gelu(total / float(CUBE));
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}
