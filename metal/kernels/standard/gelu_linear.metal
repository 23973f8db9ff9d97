// A 64 x 64 tile of the product a threadgroup; gelu is applied as the tile is written.
//! grid: 64 * ceil_div(N, 64) ceil_div(M, 64) 1
//! threadgroup: 64 1 1
#include "activation.h"
#include "tiled_product.h"
using namespace metal;

struct Activated {
  float4 operator()(uint row, uint col, float4 z) const { return gelu(z); }
};

kernel void gelu_linear_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                            device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                            constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                            uint2 group [[threadgroup_position_in_grid]],
                            uint thread_index [[thread_index_in_threadgroup]],
                            uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {A, M, K};
  tiled::Matrix right = {B, K, N};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, K, blocks, at);
  tiled::store(sums, C, M, N, blocks, at, Activated());
}
