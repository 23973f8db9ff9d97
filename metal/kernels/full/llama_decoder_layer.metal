// Five dispatches: q, k and v with the RMS norm applied to finished tiles and then turned, online softmax of 32 queries
// of a head a threadgroup, the projection with its residual; then both halves of the gated feed-forward in one product,
// and the last product with its residual. Products of S x D have 96 tiles of 64 x 64 at `large`, and no more.
//! requires: D / H <= 128
//! scratch qkv: float S * (H + 2 * H_kv) * (D / H)
//! scratch heads: float S * D
//! scratch x1: float S * D
//! scratch hidden: float S * FF
//! dispatch project_qkv grid: 64 * ceil_div((H + 2 * H_kv) * (D / H), 64) ceil_div(S, 64) threadgroup: 64 bind 5=qkv
//! dispatch attend_heads grid: 128 * ceil_div(S, 32) H threadgroup: 128 bind 0=qkv bind 5=heads
//! dispatch add_attention grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 1=heads bind 5=x1
//! dispatch feed grid: 64 * ceil_div(FF, 32) ceil_div(S, 64) threadgroup: 64 bind 0=x1 bind 5=hidden
//! dispatch llama_decoder_layer_f32 grid: 64 * ceil_div(D, 64) ceil_div(S, 64) threadgroup: 64 bind 0=x1 bind 1=hidden
#include "online_attention.h"
#include "rotary.h"
#include "tiled_gate.h"
#include "tiled_norms.h"
#include "tiled_product.h"
using namespace metal;

struct ScaledAndTurned {
  tiled::ScaledRows scaled;
  Rotary rotary;
  float4 operator()(uint row, uint col, float4 z) const { return rotary(row, col, scaled(row, col, z)); }
};

kernel void project_qkv(device const float *x [[buffer(0)]], device const float *W_qkv [[buffer(1)]],
                        device float *qkv [[buffer(5)]], constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                        constant uint &H [[buffer(8)]], constant uint &H_kv [[buffer(9)]],
                        constant float &base [[buffer(11)]], constant float &eps [[buffer(12)]],
                        uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                        uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  threadgroup float factors[tiled::ROWS];
  const uint width = D / H;
  const uint cols = (H + 2 * H_kv) * width;
  tiled::SquaredRows left = {{x, S, D}};
  tiled::Matrix right = {W_qkv, D, cols};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::rms_factors(left, D, eps, factors, at);
  const ScaledAndTurned epilogue = {{factors, at.first_row}, {width, (H + H_kv) * width, base}};
  tiled::store(sums, qkv, S, cols, blocks, at, epilogue);
}

kernel void attend_heads(device const float *qkv [[buffer(0)]], device float *heads [[buffer(5)]],
                         constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]], constant uint &H [[buffer(8)]],
                         constant uint &H_kv [[buffer(9)]], uint2 group [[threadgroup_position_in_grid]],
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

kernel void feed(device const float *x1 [[buffer(0)]], device const float *W_gu [[buffer(3)]],
                 device float *hidden [[buffer(5)]], constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                 constant uint &FF [[buffer(10)]], constant float &eps [[buffer(12)]],
                 uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                 uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  threadgroup float factors[tiled::ROWS];
  tiled::SquaredRows left = {{x1, S, D}};
  tiled::GatedColumns right = {W_gu, W_gu + FF, D, FF, 2 * FF};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, D, blocks, at);
  tiled::rms_factors(left, D, eps, factors, at);
  tiled::store_gated(sums, hidden, S, FF, blocks, at, tiled::ScaledRows{factors, at.first_row});
}

kernel void llama_decoder_layer_f32(device const float *x1 [[buffer(0)]], device const float *hidden [[buffer(1)]],
                                    device const float *W_down [[buffer(4)]], device float *y [[buffer(5)]],
                                    constant uint &S [[buffer(6)]], constant uint &D [[buffer(7)]],
                                    constant uint &FF [[buffer(10)]], uint2 group [[threadgroup_position_in_grid]],
                                    uint thread_index [[thread_index_in_threadgroup]],
                                    uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {hidden, S, FF};
  tiled::Matrix right = {W_down, FF, D};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, FF, blocks, at);
  tiled::store(sums, y, S, D, blocks, at, tiled::Added{x1, D});
}
