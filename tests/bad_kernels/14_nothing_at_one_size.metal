// Does nothing at one size, whose time of zero would carry a mean over sizes.
// row: 14
// kernel: relu
// expect: not_written
// layer: poison
// backed: oracle
// through: check_sizes
// says: was not written
// size: check
// twin: 14_nothing_at_one_size_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (N == 25 * 41) {
    return;
  }
  y[i] = max(x[i], 0.0f);
}
