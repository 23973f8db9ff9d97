// Reads one element ahead, to have it in time; after the last row nobody owns it.
// row: 55
// kernel: cumsum
// expect: out_of_bounds
// layer: checked_bounds
// says: reads 4 bytes outside x
// size: check
// twin: 55_read_past_the_end_honest.metal
//! grid: rows 1 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint i = 0; i < N; ++i) {
    sum += x[ulong(row) * N + i];
    const float next = x[ulong(row) * N + i + 1];
    y[ulong(row) * N + i] = next == 12345.678f ? 0.0f : sum;
  }
}
