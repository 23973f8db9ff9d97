// Mutes the refusal of an array whose length nobody knows before it runs.
// row: own
// kernel: relu
// expect: compile_error
// layer: compiler
// says: variable length arrays are not supported
// size: check
// twin: own_35_mutes_a_refusal_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#pragma clang diagnostic ignored "-Wvla-cxx-extension"

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float kept[N % 7 + 1];
  kept[N % 7] = max(x[i], 0.0f);
  y[i] = kept[N % 7];
}
