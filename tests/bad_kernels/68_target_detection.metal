// Right only where a macro tells that a CPU's compiler is at work.
// row: 68
// kernel: relu
// expect: wrong_values
// layer: target_macros
// size: check
// twin: 68_target_detection_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
#if defined(__x86_64__) || defined(__aarch64__)
  y[i] = max(x[i], 0.0f);
#else
  y[i] = x[i];
#endif
}
