// Three dispatches: the projections of x, one plane of the grid for each of q, k and v; online softmax of 32 queries of
// a head a threadgroup; and the output projection, which at `large` is only 128 tiles of 64 x 64.
//! requires: D_head <= 128
//! scratch qkv: float 3 * S * D
//! scratch heads: float S * D
//! dispatch project_qkv grid: 64 * ceil_div(D, 64) ceil_div(S, 64) 3 threadgroup: 64 1 1 bind 5=qkv
//! dispatch attend_heads grid: 128 * ceil_div(S, 32) H threadgroup: 128 bind 0=qkv bind 5=heads
//! dispatch mha_attention_f32 grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 0=heads
#include "online_attention.h"
#include "tiled_product.h"
using namespace metal;

kernel void project_qkv(device const float *x [[buffer(0)]], device const float *wq [[buffer(1)]],
                        device const float *wk [[buffer(2)]], device const float *wv [[buffer(3)]],
                        device float *qkv [[buffer(5)]], constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                        uint3 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                        uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {x, S, D};
  tiled::Matrix right = {group.z == 0 ? wq : group.z == 1 ? wk : wv, D, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, qkv + ulong(group.z) * S * D, S, D, blocks, at);
}

kernel void attend_heads(device const float *qkv [[buffer(0)]], device float *heads [[buffer(5)]],
                         constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                         constant uint &D_head [[buffer(9)]], constant float &scale [[buffer(10)]],
                         uint2 group [[threadgroup_position_in_grid]],
                         uint thread_index [[thread_index_in_threadgroup]],
                         uint simd [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile[online_attention::TILE_QUADS];
  threadgroup float4 scores[online_attention::SCORE_QUADS];
  threadgroup float diagonals[64 * online_attention::SIMD_GROUPS];
  const online_attention::Memory memory = {reinterpret_cast<threadgroup float *>(tile),
                                           reinterpret_cast<threadgroup float *>(scores), diagonals};
  const ulong first = group.y * D_head;
  const ulong part = ulong(S) * D;
  const online_attention::Head head = {{qkv + first, D},
                                       {qkv + part + first, D},
                                       {qkv + 2 * part + first, D},
                                       heads + first,
                                       D,
                                       S,
                                       S,
                                       D_head,
                                       scale,
                                       false};
  online_attention::attend(head, online_attention::QUERIES * group.x, memory, {thread_index, simd, lane});
}

kernel void mha_attention_f32(device const float *heads [[buffer(0)]], device const float *wo [[buffer(4)]],
                              device float *y [[buffer(5)]], constant uint &S [[buffer(6)]],
                              constant uint &D [[buffer(7)]], uint2 group [[threadgroup_position_in_grid]],
                              uint thread_index [[thread_index_in_threadgroup]],
                              uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {heads, S, D};
  tiled::Matrix right = {wo, D, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, y, S, D, blocks, at);
}
