// Waits for a thread that does not come.
// layer: deadline
// says: not finished after
//! grid: rows * cols 1 1
//! threadgroup: 256 1 1
#include <metal_stdlib>
using namespace metal;

kernel void relu_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                     constant uint &N [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device atomic_uint *flag = (device atomic_uint *)y;
  while (atomic_load_explicit(flag, memory_order_relaxed) != 12345u) {
  }
  if (i < N)
    y[i] = max(x[i], 0.0f);
}
