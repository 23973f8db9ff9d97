// expect: mm mode=fiber tg=4096 buffers=0,1,2,3
#include <metal_stdlib>
using namespace metal;

#include <metal_simdgroup_matrix>
constant constexpr uint TILE = 32;
kernel void mm(device const float* A [[buffer(0)]], device const float* B [[buffer(1)]], device float* C [[buffer(2)]], constant uint& N [[buffer(3)]],
               uint2 tg [[threadgroup_position_in_grid]], ushort sg [[simdgroup_index_in_threadgroup]], ushort lane [[thread_index_in_simdgroup]]) {
  threadgroup float As[TILE * 16];
  threadgroup float Bs[16 * TILE];
  simdgroup_float8x8 acc[2][2];
  for (int i = 0; i < 2; i++) for (int j = 0; j < 2; j++) acc[i][j] = make_filled_simdgroup_matrix<float, 8, 8>(0.0f);
  for (uint k = 0; k < N; k += 16) {
    for (uint e = sg * 32 + lane; e < TILE * 16; e += 128) { As[e] = A[(tg.y * TILE + e / 16) * N + k + e % 16]; Bs[e] = B[(k + e / TILE) * N + tg.x * TILE + e % TILE]; }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint kk = 0; kk < 16; kk += 8) {
      simdgroup_float8x8 a, b;
      simdgroup_load(a, As + (sg / 2) * 16 * 16 + kk, 16);
      simdgroup_load(b, Bs + kk * TILE + (sg % 2) * 16, TILE);
      simdgroup_multiply_accumulate(acc[0][0], a, b, acc[0][0]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  simdgroup_store(acc[0][0], C + (tg.y * TILE + (sg / 2) * 16) * N + tg.x * TILE + (sg % 2) * 16, N);
}
