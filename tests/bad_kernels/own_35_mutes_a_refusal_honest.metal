// The honest twin: the same kernel without the fault.
// twin of: own_35_mutes_a_refusal.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#pragma clang diagnostic ignored "-Wunused-variable"

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  float kept[7];
  kept[N % 7] = max(x[i], 0.0f);
  y[i] = kept[N % 7];
}
