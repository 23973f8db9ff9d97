// Spins until the threadgroup before has raised its flag, so that times look even; nothing promises that it will.
// row: own
// kernel: relu
// expect: timeout
// layer: orders
// size: check
// twin: own_07_waits_for_a_neighbour_honest.metal
//! scratch flags: uint ceil_div(rows * cols, 256)
//! dispatch clear grid: ceil_div(rows * cols, 256) threadgroup: 256 bind 0=flags
//! dispatch relu_f32 grid: rows * cols threadgroup: 256 bind 3=flags
#include <metal_stdlib>
using namespace metal;

kernel void clear(device uint *flags [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  flags[i] = 0;
}

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     device atomic_uint *flags [[buffer(3)]], uint i [[thread_position_in_grid]],
                     uint group [[threadgroup_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  if (t == 0 && group > 0) {
    while (atomic_load_explicit(&flags[group - 1], memory_order_relaxed) == 0) {
    }
  }
  y[i] = max(x[i], 0.0f);
  if (t == 0) {
    atomic_store_explicit(&flags[group], 1, memory_order_relaxed);
  }
}
