// Two dispatches: 64 x 64 tiles of gelu(X @ W) with the softmax statistics of their rows, then one SIMD-group a row
// that merges the statistics and rewrites the row. The product is not repeated, so the output moves three times.
//! scratch tiles: float 2 * M * ceil_div(N, 64)
//! dispatch matmul_gelu_softmax_f32 grid: 64 * ceil_div(N, 64) ceil_div(M, 64) 1 threadgroup: 64 1 1 bind 6=tiles
//! dispatch normalise_rows grid: 32 M 1 threadgroup: 32 8 1 bind 0=tiles
#include "activation.h"
#include "tiled_softmax.h"
using namespace metal;

// gelu of a placed tile: into Y, and back into the tile for the statistics.
struct Activated {
  device float *Y;
  threadgroup float *tile;
  uint N;
  uint first_row;
  uint first_col;
  void operator()(uint row, uint col, float4 z) const {
    const float4 values = gelu(z);
    const uint place = (row - first_row) * (64 + tiled::PADDING) + col - first_col;
    *reinterpret_cast<threadgroup float4 *>(tile + place) = values;
    tiled::store4(Y + ulong(row) * N, col, N, N % 4 == 0, values);
  }
};

kernel void matmul_gelu_softmax_f32(device const float *X [[buffer(0)]], device const float *W [[buffer(1)]],
                                    device float *Y [[buffer(2)]], constant uint &M [[buffer(3)]],
                                    constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                                    device float2 *tiles [[buffer(6)]], uint2 group [[threadgroup_position_in_grid]],
                                    uint thread_index [[thread_index_in_threadgroup]],
                                    uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {X, M, K};
  tiled::Matrix right = {W, K, N};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, K, blocks, at);
  tiled::place(sums, blocks, at);
  Activated activated = {Y, blocks, N, at.first_row, at.first_col};
  tiled::for_quads<64>(blocks, M, N, at, activated);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  tiled::row_statistics(blocks, tiles, M, N, at);
}

kernel void normalise_rows(device const float2 *tiles [[buffer(0)]], device float *Y [[buffer(2)]],
                           constant uint &N [[buffer(4)]], uint2 position [[thread_position_in_grid]]) {
  const float2 whole = tiled::whole_row(tiles, position.y, N, position.x);
  const float factor = 1.0f / whole.y;
  device float *row = Y + ulong(position.y) * N;
  for (uint col = 4 * position.x; col < N; col += 4 * 32) {
    const float4 values = tiled::load4(row, col, N, N % 4 == 0);
    tiled::store4(row, col, N, N % 4 == 0, exp(values - whole.x) * factor);
  }
}
