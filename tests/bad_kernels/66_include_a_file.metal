// Includes a file of the machine that compiles.
// row: 66
// kernel: relu
// expect: compile_error
// layer: include
// backed: lexical, files
// says: is no header of this track
// size: check
// twin: 66_include_a_file_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

#include "/etc/hostname"

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
