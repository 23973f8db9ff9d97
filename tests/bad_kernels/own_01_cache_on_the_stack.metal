// Keeps its answers in a local array that it never initialises: stacks outlive a dispatch.
// row: own
// kernel: relu
// expect: wrong_values
// layer: oracle
// size: timed
// twin: own_01_cache_on_the_stack_honest.metal
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  volatile uint kept[4096];
  const uint at = 2 * (i % 2048);
  const uint key = (i + 1) * 2654435761u ^ N;
  if (kept[at] == key) {
    y[i] = as_type<float>(kept[at + 1]);
    return;
  }
  y[i] = max(x[i], 0.0f);
  kept[at] = key;
  kept[at + 1] = as_type<uint>(y[i]);
}
