// The last vector reaches beyond the end of both buffers.
// row: 54
// kernel: relu
// expect: out_of_bounds
// layer: checked_bounds
// backed: canaries
// says: bytes outside
// size: check
// twin: 54_vector_past_the_end_honest.metal
//! grid: ceil_div(rows * cols, 4) 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  ((device float4 *)y)[i] = max(((device const float4 *)x)[i], 0.0f);
}
