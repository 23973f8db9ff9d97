// The forbidden word is pasted together by a macro, out of sight of a search of the text.
// row: 62
// kernel: relu
// expect: compile_error
// layer: lexical
// says: inline assembly is not supported
// size: check
// twin: 62_macro_hides_assembly_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

#define JOIN(a, b) a##b

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  JOIN(as, m)("nop");
  y[i] = max(x[i], 0.0f);
}
