// A 64 x 64 tile a threadgroup through threadgroup memory: whole lines are read and whole lines are written. The
// padding column puts the elements of a tile column in different banks.
//! tune: TILE in 32, 64
//! tune: STEP in 2, 4, 8
//! grid: round_up(cols, TILE) STEP * ceil_div(rows, TILE) 1
//! threadgroup: TILE STEP 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint STEP = 4;

kernel void transpose_2d_f32(device const float *A [[buffer(0)]], device float *B [[buffer(1)]],
                             constant uint &M [[buffer(2)]], constant uint &N [[buffer(3)]],
                             uint2 group [[threadgroup_position_in_grid]],
                             uint2 thread_position [[thread_position_in_threadgroup]]) {
  threadgroup float tile[TILE][TILE + 1];
  const uint first_row = group.y * TILE;
  const uint first_col = group.x * TILE;
  const uint rows = min(TILE, M - first_row);
  const uint cols = min(TILE, N - first_col);

  if (thread_position.x < cols) {
    for (uint row = thread_position.y; row < rows; row += STEP) {
      tile[row][thread_position.x] = A[ulong(first_row + row) * N + first_col + thread_position.x];
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (thread_position.x < rows) {
    for (uint col = thread_position.y; col < cols; col += STEP) {
      B[ulong(first_col + col) * M + first_row + thread_position.x] = tile[thread_position.x][col];
    }
  }
}
