// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(coherent(device) device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  atomic_thread_fence(mem_flags::mem_device, memory_order_seq_cst, thread_scope_device);
  y[i] = 1.0f;
}
