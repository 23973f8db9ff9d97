// Online softmax, 32 queries a threadgroup; keys and values pass once through threadgroup memory for all of them.
//! reason threadgroups: one head has only that many blocks of 32 queries
//! requires: D <= 128
//! grid: 128 * ceil_div(M, 32) 1 1
//! threadgroup: 128 1 1
#include "online_attention.h"
using namespace metal;

kernel void scaled_dot_product_f32(device const float *Q [[buffer(0)]], device const float *K [[buffer(1)]],
                                   device const float *V [[buffer(2)]], device float *O [[buffer(3)]],
                                   constant uint &M [[buffer(4)]], constant uint &D [[buffer(5)]],
                                   uint group [[threadgroup_position_in_grid]],
                                   uint thread_index [[thread_index_in_threadgroup]],
                                   uint simd [[simdgroup_index_in_threadgroup]],
                                   uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile[online_attention::TILE_QUADS];
  threadgroup float4 scores[online_attention::SCORE_QUADS];
  threadgroup float diagonals[64 * online_attention::SIMD_GROUPS];
  const online_attention::Memory memory = {reinterpret_cast<threadgroup float *>(tile),
                                           reinterpret_cast<threadgroup float *>(scores), diagonals};
  const online_attention::Head head = {{Q, D}, {K, D}, {V, D}, O, D, M, M, D, rsqrt(float(D)), false};
  online_attention::attend(head, online_attention::QUERIES * group, memory, {thread_index, simd, lane});
}
