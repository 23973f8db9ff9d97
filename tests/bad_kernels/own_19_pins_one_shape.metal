// Its requires line leaves one shape, so that nothing else can be held against it.
// row: own
// kernel: relu
// expect: not_covered
// layer: held_out
// size: held_out
// twin: own_19_pins_one_shape_honest.metal
//! requires: rows == 16 && cols == 16384
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
