// A 64 x 64 tile of one product a threadgroup; products follow each other along y, so tiles never straddle two.
//! grid: 64 * ceil_div(N, 64) B * ceil_div(M, 64) 1
//! threadgroup: 64 1 1
#include "tiled_product.h"
using namespace metal;

kernel void batch_matmul_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                             device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                             constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                             uint2 group [[threadgroup_position_in_grid]],
                             uint thread_index [[thread_index_in_threadgroup]],
                             uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const uint tiles = (M + 63) / 64;
  const ulong product = group.y / tiles;
  const tiled::Place at = {64 * (group.y % tiles), 64 * group.x, thread_index, simd};
  tiled::Matrix left = {A + product * M * K, M, K};
  tiled::Matrix right = {B + product * K * N, K, N};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, K, blocks, at);
  tiled::store(sums, C + product * M * N, M, N, blocks, at);
}
