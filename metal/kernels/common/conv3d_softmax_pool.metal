// Both pools together take the maximum of cubes of side 4: 64 positions, the rows of one tile of an implicit GEMM. A
// thread makes the softmax of a row; beyond 64 channels the products are computed again once every row's sum is known.
//! grid: 64 B * ((D - R + 1) / 4) * ((H - R + 1) / 4) * ((W - R + 1) / 4) 1
//! threadgroup: 64 1 1
#include "implicit_gemm.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint SIDE = 4;
constant constexpr uint STRIDE = TILE + tiled::PADDING;

// The largest value of a row and the sum of exp(value - largest), over the columns seen so far.
struct RowSoftmax {
  float largest;
  float sum;

  void add(threadgroup const float *row, uint cols) {
    float found = largest;
    for (uint col = 0; col < cols; ++col) {
      found = max(found, row[col]);
    }
    sum *= exp(largest - found);
    for (uint col = 0; col < cols; ++col) {
      sum += exp(row[col] - found);
    }
    largest = found;
  }
};

kernel void conv3d_softmax_pool_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                                    device float *y [[buffer(2)]], constant uint &B [[buffer(3)]],
                                    constant uint &C_in [[buffer(4)]], constant uint &D [[buffer(5)]],
                                    constant uint &H [[buffer(6)]], constant uint &W [[buffer(7)]],
                                    constant uint &C_out [[buffer(8)]], constant uint &R [[buffer(9)]],
                                    uint2 group [[threadgroup_position_in_grid]],
                                    uint thread_index [[thread_index_in_threadgroup]],
                                    uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<TILE, true>::QUADS];
  threadgroup float largest[TILE];
  threadgroup float inverse[TILE];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const convolution::Shape shape = {uint3(W, H, D), uint3(R), 1, C_in};
  const convolution::InCubes<SIDE> pixels = {shape.output() / SIDE};
  const uint rows = B * pixels.cubes.x * pixels.cubes.y * pixels.cubes.z * TILE;
  tiled::Place at = {group.y * TILE, 0, thread_index, simd};

  RowSoftmax row = {-INFINITY, 0.0f};
  for (; at.first_col < C_out; at.first_col += TILE) {
    tiled::Sums<TILE> sums;
    convolution::multiply(sums, x, w, shape, rows, C_out, blocks, at, pixels);
    tiled::place(sums, blocks, at);
    row.add(blocks + thread_index * STRIDE, min(TILE, C_out - at.first_col));
    largest[thread_index] = row.largest;
    inverse[thread_index] = 1.0f / row.sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  for (at.first_col = 0; at.first_col < C_out; at.first_col += TILE) {
    if (C_out > TILE) {
      tiled::Sums<TILE> sums;
      convolution::multiply(sums, x, w, shape, rows, C_out, blocks, at, pixels);
      tiled::place(sums, blocks, at);
    }
    if (at.first_col + thread_index < C_out) {
      float pooled = 0.0f;
      for (uint i = 0; i < TILE; ++i) {
        pooled = max(pooled, exp(blocks[i * STRIDE + thread_index] - largest[i]) * inverse[i]);
      }
      y[ulong(group.y) * C_out + at.first_col + thread_index] = pooled;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}
