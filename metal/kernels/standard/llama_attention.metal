// Three dispatches: x @ W_qkv whose epilogue turns queries and keys, online softmax of 32 queries of a head a
// threadgroup, and the output projection, which at `large` is only 160 tiles of 64 x 64.
//! reason threadgroups: 8 heads of 1024 queries; fewer a threadgroup would load keys and values more often
//! requires: D / H <= 128
//! scratch qkv: float S * (H + 2 * H_kv) * (D / H)
//! scratch heads: float S * D
//! dispatch project_qkv grid: 64 * ceil_div((H + 2 * H_kv) * (D / H), 64) ceil_div(S, 64) threadgroup: 64 bind 3=qkv
//! dispatch attend_heads grid: 128 * ceil_div(S, 32) H threadgroup: 128 bind 0=qkv bind 3=heads
//! dispatch llama_attention_f32 grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 0=heads
#include "online_attention.h"
#include "rotary.h"
#include "tiled_product.h"
using namespace metal;

kernel void project_qkv(device const float *x [[buffer(0)]], device const float *W_qkv [[buffer(1)]],
                        device float *qkv [[buffer(3)]], constant uint &S [[buffer(4)]], constant uint &D [[buffer(5)]],
                        constant uint &H [[buffer(6)]], constant uint &H_kv [[buffer(7)]],
                        constant float &base [[buffer(8)]], uint2 group [[threadgroup_position_in_grid]],
                        uint thread_index [[thread_index_in_threadgroup]],
                        uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  const uint width = D / H;
  const uint cols = (H + 2 * H_kv) * width;
  tiled::Matrix left = {x, S, D};
  tiled::Matrix right = {W_qkv, D, cols};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, qkv, S, cols, blocks, at, Rotary{width, (H + H_kv) * width, base});
}

kernel void attend_heads(device const float *qkv [[buffer(0)]], device float *heads [[buffer(3)]],
                         constant uint &S [[buffer(4)]], constant uint &D [[buffer(5)]], constant uint &H [[buffer(6)]],
                         constant uint &H_kv [[buffer(7)]], uint2 group [[threadgroup_position_in_grid]],
                         uint thread_index [[thread_index_in_threadgroup]],
                         uint simd [[simdgroup_index_in_threadgroup]], uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile[online_attention::TILE_QUADS];
  threadgroup float4 scores[online_attention::SCORE_QUADS];
  threadgroup float diagonals[64 * online_attention::SIMD_GROUPS];
  const online_attention::Memory memory = {reinterpret_cast<threadgroup float *>(tile),
                                           reinterpret_cast<threadgroup float *>(scores), diagonals};
  const online_attention::Head head = online_attention::packed_head(qkv, heads, S, H, H_kv, D / H, group.y);
  online_attention::attend(head, online_attention::QUERIES * group.x, memory, {thread_index, simd, lane});
}

kernel void llama_attention_f32(device const float *heads [[buffer(0)]], device const float *W_o [[buffer(2)]],
                                device float *y [[buffer(3)]], constant uint &S [[buffer(4)]],
                                constant uint &D [[buffer(5)]], uint2 group [[threadgroup_position_in_grid]],
                                uint thread_index [[thread_index_in_threadgroup]],
                                uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {heads, S, D};
  tiled::Matrix right = {W_o, D, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::store(sums, y, S, D, blocks, at);
}
