// Never ends.
// row: 58
// kernel: relu
// expect: timeout
// layer: host
// size: check
// twin: 58_endless_loop_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  volatile uint turn = 1;
  while (turn != 0) {
    turn |= 1;
  }
  y[i] = max(x[i], 0.0f);
}
