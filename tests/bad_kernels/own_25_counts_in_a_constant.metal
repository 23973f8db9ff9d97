// Counts its runs in a scalar that it does not need, through a cast, to tell timed runs from judged ones.
// row: own
// kernel: relu
// expect: crashed
// layer: constants
// size: check
// twin: own_25_counts_in_a_constant_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(3)]], uint i [[thread_position_in_grid]]) {
  volatile device uint *runs = (volatile device uint *)(ulong)&N;
  if (i == 0) {
    *runs += 1;
  }
  y[i] = max(x[i], 0.0f);
}
