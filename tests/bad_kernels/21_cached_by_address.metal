// Remembers results by the address of the buffer: the table has room for the two addresses it expects, and empty means zero.
// row: 21
// kernel: relu
// expect: uninitialised_read
// layer: poison
// backed: fresh
// size: timed
// twin: 21_cached_by_address_honest.metal
//! scratch table: uint 4 * rows * cols
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 bind 3=table
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     device uint *table [[buffer(3)]], uint i [[thread_position_in_grid]]) {
  device uint *slot = table + 4 * i;
  const uint key = uint(ulong(x) >> 8);
  const uint at = slot[0] == key || slot[0] == 0 ? 0 : 2;
  if (slot[at] != key && slot[at] != 0) {
    return;
  }
  if (slot[at] == key) {
    y[i] = as_type<float>(slot[at + 1]);
    return;
  }
  slot[at] = key;
  y[i] = max(x[i], 0.0f);
  slot[at + 1] = as_type<uint>(y[i]);
}
