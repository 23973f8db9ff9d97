// Has its barrier inside the bounds check, which every thread passes at the published size.
// row: own
// kernel: transpose_2d
// expect: data_race
// layer: checked_race
// backed: orders, host_poison
// size: check
// twin: own_12_barrier_for_whole_tiles_honest.metal
//! grid: round_up(cols, 16) round_up(rows, 16) 1
//! threadgroup: 16 16 1
#include <metal_stdlib>
using namespace metal;

kernel void transpose_2d_f32(device const float *A [[buffer(0)]], device float *B [[buffer(1)]],
                             constant uint &M [[buffer(2)]], constant uint &N [[buffer(3)]],
                             uint2 group [[threadgroup_position_in_grid]],
                             uint2 t [[thread_position_in_threadgroup]]) {
  threadgroup float tile[16][17];
  const uint2 from = 16 * group + t;
  if (from.x < N && from.y < M) {
    tile[t.y][t.x] = A[ulong(from.y) * N + from.x];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  const uint2 to = 16 * group.yx + t;
  if (to.x < M && to.y < N) {
    B[ulong(to.y) * M + to.x] = tile[t.x][t.y];
  }
}
