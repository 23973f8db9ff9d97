// A 64 x 64 tile of the product a threadgroup; the bias is added as the tile is written.
//! grid: 64 * ceil_div(N, 64) ceil_div(M, 64) 1
//! threadgroup: 64 1 1
#include "tiled_product.h"
using namespace metal;

struct Biased {
  device const float *bias;
  uint cols;
  float4 operator()(uint row, uint col, float4 z) const { return z + tiled::load4(bias, col, cols, true); }
};

kernel void linear_bias_f32(device const float *X [[buffer(0)]], device const float *W [[buffer(1)]],
                            device const float *Bias [[buffer(2)]], device float *Y [[buffer(3)]],
                            constant uint &M [[buffer(4)]], constant uint &N [[buffer(5)]],
                            constant uint &K [[buffer(6)]], uint2 group [[threadgroup_position_in_grid]],
                            uint thread_index [[thread_index_in_threadgroup]],
                            uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::Matrix left = {X, M, K};
  tiled::Matrix right = {W, K, N};
  tiled::Sums<64> sums;
  tiled::multiply<64, false>(sums, left, right, K, blocks, at);
  tiled::store(sums, Y, M, N, blocks, at, Biased{Bias, N});
}
