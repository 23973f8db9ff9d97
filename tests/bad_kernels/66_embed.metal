// Embeds a file of the machine that compiles.
// row: 66
// kernel: relu
// expect: compile_error
// layer: lexical
// says: invalid preprocessing directive
// size: check
// twin: 66_embed_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

constant char secret[] = {
#embed "/etc/hostname"
};

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = max(x[i], 0.0f);
}
