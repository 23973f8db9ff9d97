// Three dispatches over 64 x 64 tiles of scores: the statistics of every tile's rows, those of whole rows, and the
// weights. The scores are computed twice, from operands that a cache holds, instead of being stored and read again.
//! reason loads: computing every score twice costs less than storing all of them and reading them again
//! scratch tiles: float 2 * S * ceil_div(S, 64)
//! scratch rows: float 2 * S
//! dispatch tile_statistics grid: 64 * ceil_div(S, 64) ceil_div(S, 64) 1 threadgroup: 64 1 1 bind 2=tiles
//! dispatch merge_statistics grid: 32 S 1 threadgroup: 32 8 1 bind 0=tiles bind 2=rows
//! dispatch attention_scores_f32 grid: 64 * ceil_div(S, 64) ceil_div(S, 64) 1 threadgroup: 64 1 1 bind 5=rows
#include "tiled_softmax.h"
using namespace metal;

struct ScaledMatrix {
  tiled::Matrix matrix;
  float scale;
  float4 operator()(uint i, uint row, uint k) const { return matrix(i, row, k) * scale; }
};

// A tile of Q @ K^T / sqrt(D).
void score(thread tiled::Sums<64> &sums, device const float *Q, device const float *K, uint S, uint D,
           threadgroup float *blocks, thread const tiled::Place &at) {
  ScaledMatrix queries = {{Q, S, D}, rsqrt(float(D))};
  tiled::Matrix keys = {K, S, D};
  tiled::multiply<64, true>(sums, queries, keys, D, blocks, at);
}

kernel void tile_statistics(device const float *Q [[buffer(0)]], device const float *K [[buffer(1)]],
                            device float2 *tiles [[buffer(2)]], constant uint &S [[buffer(3)]],
                            constant uint &D [[buffer(4)]], uint2 group [[threadgroup_position_in_grid]],
                            uint thread_index [[thread_index_in_threadgroup]],
                            uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Sums<64> sums;
  score(sums, Q, K, S, D, blocks, at);
  tiled::place(sums, blocks, at);
  tiled::row_statistics(blocks, tiles, S, S, at);
}

kernel void merge_statistics(device const float2 *tiles [[buffer(0)]], device float2 *rows [[buffer(2)]],
                             constant uint &S [[buffer(3)]], uint2 position [[thread_position_in_grid]]) {
  const float2 row = tiled::whole_row(tiles, position.y, S, position.x);
  if (position.x == 0) {
    rows[position.y] = float2(row.x, 1.0f / row.y);
  }
}

struct Weights {
  device const float2 *rows;
  float4 operator()(uint row, uint col, float4 scores) const { return exp(scores - rows[row].x) * rows[row].y; }
};

kernel void attention_scores_f32(device const float *Q [[buffer(0)]], device const float *K [[buffer(1)]],
                                 device float *O [[buffer(2)]], constant uint &S [[buffer(3)]],
                                 constant uint &D [[buffer(4)]], device const float2 *rows [[buffer(5)]],
                                 uint2 group [[threadgroup_position_in_grid]],
                                 uint thread_index [[thread_index_in_threadgroup]],
                                 uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Sums<64> sums;
  score(sums, Q, K, S, D, blocks, at);
  tiled::store(sums, O, S, S, blocks, at, Weights{rows});
}
