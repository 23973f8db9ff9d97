// Sums the first 4096 columns and leaves the rest.
// row: 42
// kernel: cumsum
// expect: not_written
// layer: poison
// backed: oracle
// through: check_sizes
// says: was not written
// size: check
// twin: 42_part_of_the_work_honest.metal
//! grid: rows 1 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint i = 0; i < min(N, 4096u); ++i) {
    sum += x[ulong(row) * N + i];
    y[ulong(row) * N + i] = sum;
  }
}
