// A 64 x 64 tile of X @ W a threadgroup; the epilogue adds the bias and sends every column to its head.
//! grid: 64 * ceil_div(3 * H * D_head, 64) ceil_div(S, 64) 1
//! threadgroup: 64 1 1
#include "tiled_product.h"
using namespace metal;

// Columns of a tile to the matrix of their head, S x width each.
struct Heads {
  device float *Y;
  device const float *bias;
  uint rows;
  uint cols;
  uint width;
  void operator()(uint row, uint col, float4 values) const {
    if (width % 4 == 0) {
      device float *head = Y + (ulong(col / width) * rows + row) * width;
      tiled::store4(head, col % width, width, true, values + tiled::load4(bias, col, cols, true));
      return;
    }
    for (uint i = 0; i < 4 && col + i < cols; ++i) {
      const uint own = col + i;
      Y[(ulong(own / width) * rows + row) * width + own % width] = values[i] + bias[own];
    }
  }
};

kernel void qkv_heads_f32(device const float *X [[buffer(0)]], device const float *W [[buffer(1)]],
                          device const float *Bias [[buffer(2)]], device float *Y [[buffer(3)]],
                          constant uint &S [[buffer(4)]], constant uint &D [[buffer(5)]],
                          constant uint &H [[buffer(6)]], constant uint &D_head [[buffer(7)]],
                          uint2 group [[threadgroup_position_in_grid]],
                          uint thread_index [[thread_index_in_threadgroup]],
                          uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const uint cols = 3 * H * D_head;
  tiled::Matrix left = {X, S, D};
  tiled::Matrix right = {W, D, cols};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::place(sums, blocks, at);
  Heads heads = {Y, Bias, S, cols, D_head};
  tiled::for_quads<64>(blocks, S, cols, at, heads);
}
