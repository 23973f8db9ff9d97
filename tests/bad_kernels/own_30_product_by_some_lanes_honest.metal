// The honest twin: the same kernel without the fault.
// twin of: own_30_product_by_some_lanes.metal
// kernel: sqr_mm
// size: check
//! grid: 32 * ceil_div(N, 8) ceil_div(M, 8) 1
//! threadgroup: 32 1 1
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

kernel void sqr_matmul_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                           device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                           constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                           uint2 group [[threadgroup_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float a[64], b[64], c[64];
  const uint row = 8 * group.y, col = 8 * group.x;
  simdgroup_float8x8 left, right, sum(0.0f);
  for (uint k = 0; k < K; k += 8) {
    for (uint i = lane; i < 64; i += 32) {
      const uint p = i / 8, q = i % 8;
      a[i] = row + p < M && k + q < K ? A[ulong(row + p) * K + k + q] : 0.0f;
      b[i] = k + p < K && col + q < N ? B[ulong(k + p) * N + col + q] : 0.0f;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    simdgroup_load(left, a, 8);
    simdgroup_load(right, b, 8);
    simdgroup_multiply_accumulate(sum, left, right, sum);
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  simdgroup_store(sum, c, 8);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint i = lane; i < 64; i += 32) {
    const uint p = row + i / 8, q = col + i % 8;
    if (p < M && q < N) {
      C[ulong(p) * N + q] = c[i];
    }
  }
}
