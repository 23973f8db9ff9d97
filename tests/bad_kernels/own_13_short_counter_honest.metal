// The honest twin: the same kernel without the fault.
// twin of: own_13_short_counter.metal
// kernel: cumsum
// size: held_out
//! grid: rows 1 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (uint i = 0; i < N; ++i) {
    sum += x[ulong(row) * N + i];
    y[ulong(row) * N + i] = sum;
  }
}
