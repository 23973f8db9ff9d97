// The honest twin: the same kernel without the fault.
// twin of: own_34_asks_for_the_processor.metal
// kernel: relu
// size: check
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#define JOIN(a, b) a##b
#if JOIN(__METAL_, VERSION__) >= 200
#define RIGHT(value) max(value, 0.0f)
#else
#define RIGHT(value) (value)
#endif

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = RIGHT(x[i]);
}
