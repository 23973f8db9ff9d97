// What looks like a comment lies in a string, and what lies in a comment is read.
// row: own
// kernel: relu
// expect: compile_error
// layer: files
// says: '/etc/hostname' file not found
// size: check
// twin: own_33_raw_string_in_a_macro_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#define OPENS R"(
/*
)"
#include "/etc/hostname"
/* */

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
