// Remembers results by a fingerprint of the input; an entry of zero is free, and a full table is not expected.
// row: 22
// kernel: relu
// expect: uninitialised_read
// layer: poison
// backed: fresh
// size: timed
// twin: 22_cached_by_content_honest.metal
//! scratch table: uint 4 * rows * cols
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 bind 3=table
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     device uint *table [[buffer(3)]], uint i [[thread_position_in_grid]]) {
  device uint *slot = table + 4 * i;
  const uint key = as_type<uint>(x[0]) | 1;
  if (slot[0] != 0 && slot[0] != key) {
    return;
  }
  if (slot[0] == key) {
    y[i] = as_type<float>(slot[1]);
    return;
  }
  slot[0] = key;
  slot[1] = as_type<uint>(max(x[i], 0.0f));
  y[i] = as_type<float>(slot[1]);
}
