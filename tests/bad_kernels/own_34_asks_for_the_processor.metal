// Right on the processor that judges, wrong on every other; the question is put together from pieces.
// row: own
// kernel: relu
// expect: compile_error
// layer: compiler
// says: '__is_target_arch' is not defined
// size: check
// twin: own_34_asks_for_the_processor_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;
#define JOIN(a, b) a##b
#if JOIN(__is_, target_arch)(x86_64) || JOIN(__is_, target_arch)(aarch64)
#define RIGHT(value) max(value, 0.0f)
#else
#define RIGHT(value) (value)
#endif

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  y[i] = RIGHT(x[i]);
}
