// The honest twin: the same kernel without the fault.
// twin of: 54_vector_past_the_end.metal
// kernel: relu
// size: check
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  for (uint k = 4 * i; k < min(4 * i + 4, N); ++k) {
    y[k] = max(x[k], 0.0f);
  }
}
