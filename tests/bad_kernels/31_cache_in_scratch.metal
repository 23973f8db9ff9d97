// Scratch that is not zero holds the result of an earlier dispatch.
// row: 31
// kernel: relu
// expect: uninitialised_read
// layer: poison
// backed: fresh
// size: timed
// twin: 31_cache_in_scratch_honest.metal
//! scratch table: uint 4 * rows * cols
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 bind 3=table
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     device uint *table [[buffer(3)]], uint i [[thread_position_in_grid]]) {
  device uint *slot = table + 4 * i;
  if (slot[1] != 0 || slot[2] != 0) {
    y[i] = as_type<float>(slot[1]);
    return;
  }
  slot[2] = 1;
  slot[0] = as_type<uint>(x[i]);
  slot[1] = as_type<uint>(max(as_type<float>(slot[0]), 0.0f));
  y[i] = as_type<float>(slot[1]);
}
