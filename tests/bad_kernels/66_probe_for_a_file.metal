// Asks whether a file of the machine that compiles exists.
// row: 66
// kernel: relu
// expect: compile_error
// layer: lexical
// says: may only name a header of Metal
// size: check
// twin: 66_probe_for_a_file_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

#if __has_include("/etc/hostname")
#define HERE 1
#endif

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
