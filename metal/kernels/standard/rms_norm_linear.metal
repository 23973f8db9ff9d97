// A 64 x 64 tile of A @ B^T a threadgroup. The norm is a factor a row, so it is applied to the finished tile; the
// squares are summed in registers as the tile's rows pass by, and A is read once.
//! grid: 64 * ceil_div(N, 64) ceil_div(M, 64) 1
//! threadgroup: 64 1 1
#include "tiled_norms.h"
#include "tiled_product.h"
using namespace metal;

kernel void rms_norm_linear_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                                device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                                constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                                constant float &eps [[buffer(6)]], uint2 group [[threadgroup_position_in_grid]],
                                uint thread_index [[thread_index_in_threadgroup]],
                                uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 storage[tiled::Sizes<64, true>::QUADS];
  threadgroup float factors[tiled::ROWS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, 64 * group.x, thread_index, simd};
  tiled::SquaredRows left = {{A, M, K}};
  tiled::Matrix right = {B, N, K};
  tiled::Sums<64> sums;
  tiled::multiply<64, true>(sums, left, right, K, blocks, at);
  tiled::rms_factors(left, K, eps, factors, at);
  tiled::store(sums, C, M, N, blocks, at, tiled::ScaledRows{factors, at.first_row});
}
