// Online softmax, 32 queries of a head a threadgroup, which stops at the block of keys that its last query sees.
//! requires: D <= 128
//! grid: 128 * ceil_div(S, 32) H 1
//! threadgroup: 128 1 1
#include "online_attention.h"
using namespace metal;

kernel void causal_attention_f32(device const float *Q [[buffer(0)]], device const float *K [[buffer(1)]],
                                 device const float *V [[buffer(2)]], device float *O [[buffer(3)]],
                                 constant uint &S [[buffer(4)]], constant uint &D [[buffer(5)]],
                                 uint2 group [[threadgroup_position_in_grid]],
                                 uint thread_index [[thread_index_in_threadgroup]],
                                 uint simd [[simdgroup_index_in_threadgroup]],
                                 uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile[online_attention::TILE_QUADS];
  threadgroup float4 scores[online_attention::SCORE_QUADS];
  threadgroup float diagonals[64 * online_attention::SIMD_GROUPS];
  const online_attention::Memory memory = {reinterpret_cast<threadgroup float *>(tile),
                                           reinterpret_cast<threadgroup float *>(scores), diagonals};
  const ulong first = ulong(group.y) * S * D;
  const online_attention::Head head = {
      {Q + first, D}, {K + first, D}, {V + first, D}, O + first, D, S, S, D, rsqrt(float(D)), true};
  online_attention::attend(head, online_attention::QUERIES * group.x, memory, {thread_index, simd, lane});
}
