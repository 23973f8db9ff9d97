// Seven dispatches: moments of the rows, q, k and v from rows that are normalised as they are staged, online softmax of
// 32 queries of a head a threadgroup, the projection with its residual; then the same for the feed-forward, with gelu
// in the epilogue of its first product. Products of S x D have 96 tiles of 64 x 64 at `large`, and no more.
//! requires: D / H <= 128
//! scratch moments: float 2 * S
//! scratch qkv: float 3 * S * D
//! scratch heads: float S * D
//! scratch x1: float S * D
//! scratch hidden: float S * FF
//! dispatch find_moments grid: 32 S threadgroup: 32 8 bind 5=moments
//! dispatch project_qkv grid: 64 * ceil_div(3 * D, 64) ceil_div(S, 64) threadgroup: 64 bind 2=moments bind 5=qkv
//! dispatch attend_heads grid: 128 * ceil_div(S, 32) H threadgroup: 128 bind 0=qkv bind 5=heads
//! dispatch add_attention grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 1=heads bind 5=x1
//! dispatch find_moments grid: 32 S threadgroup: 32 8 bind 0=x1 bind 5=moments
//! dispatch feed grid: 64 * ceil_div(FF, 64) ceil_div(S, 64) threadgroup: 64 bind 0=x1 bind 2=moments bind 5=hidden
//! dispatch transformer_block_f32 grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 0=x1 bind 1=hidden
#include "activation.h"
#include "online_attention.h"
#include "tiled_norms.h"
#include "tiled_product.h"
using namespace metal;

kernel void find_moments(device const float *x [[buffer(0)]], device float2 *moments [[buffer(5)]],
                         constant uint &D [[buffer(7)]], constant float &eps [[buffer(10)]],
                         uint2 position [[thread_position_in_grid]]) {
  const float2 found = tiled::row_moments(x + ulong(position.y) * D, D, eps, position.x);
  if (position.x == 0) {
    moments[position.y] = found;
  }
}

kernel void project_qkv(device const float *x [[buffer(0)]], device const float *W_qkv [[buffer(1)]],
                        device const float2 *moments [[buffer(2)]], device float *qkv [[buffer(5)]],
                        constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                        uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                        uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::NormalisedRows left = tiled::normalised({x, S, D}, moments, at);
  tiled::Matrix right = {W_qkv, D, 3 * D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, qkv, S, 3 * D, blocks, at);
}

kernel void attend_heads(device const float *qkv [[buffer(0)]], device float *heads [[buffer(5)]],
                         constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]], constant uint &H [[buffer(8)]],
                         uint2 group [[threadgroup_position_in_grid]],
                         uint thread_index [[thread_index_in_threadgroup]],
                         uint simd [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile[online_attention::TILE_QUADS];
  threadgroup float4 scores[online_attention::SCORE_QUADS];
  threadgroup float diagonals[64 * online_attention::SIMD_GROUPS];
  const online_attention::Memory memory = {reinterpret_cast<threadgroup float *>(tile),
                                           reinterpret_cast<threadgroup float *>(scores), diagonals};
  const online_attention::Head head = online_attention::packed_head(qkv, heads, S, H, H, D / H, group.y);
  online_attention::attend(head, online_attention::QUERIES * group.x, memory, {thread_index, simd, lane});
}

kernel void add_attention(device const float *x [[buffer(0)]], device const float *heads [[buffer(1)]],
                          device const float *W_o [[buffer(2)]], device float *x1 [[buffer(5)]],
                          constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                          uint2 group [[threadgroup_position_in_grid]],
                          uint thread_index [[thread_index_in_threadgroup]],
                          uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {heads, S, D};
  tiled::Matrix right = {W_o, D, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, x1, S, D, blocks, at, tiled::Added{x, D});
}

struct Activated {
  float4 operator()(uint row, uint col, float4 z) const { return gelu(z); }
};

kernel void feed(device const float *x1 [[buffer(0)]], device const float2 *moments [[buffer(2)]],
                 device const float *W_ff1 [[buffer(3)]], device float *hidden [[buffer(5)]],
                 constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]], constant uint &FF [[buffer(9)]],
                 uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                 uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::NormalisedRows left = tiled::normalised({x1, S, D}, moments, at);
  tiled::Matrix right = {W_ff1, D, FF};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, hidden, S, FF, blocks, at, Activated());
}

kernel void transformer_block_f32(device const float *x1 [[buffer(0)]], device const float *hidden [[buffer(1)]],
                                  device const float *W_ff2 [[buffer(4)]], device float *y [[buffer(5)]],
                                  constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                                  constant uint &FF [[buffer(9)]], uint2 group [[threadgroup_position_in_grid]],
                                  uint thread_index [[thread_index_in_threadgroup]],
                                  uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {hidden, S, FF};
  tiled::Matrix right = {W_ff2, FF, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, FF, blocks, at);
  tiled::store(sums, y, S, D, blocks, at, tiled::Added{x1, D});
}
