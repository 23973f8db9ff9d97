// expect: hist mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

kernel void hist(device const uchar* x [[buffer(0)]], device atomic_uint* bins [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  atomic_fetch_add_explicit(&bins[x[i]], 1u, memory_order_relaxed);
  atomic_fetch_add_explicit(bins + 256, 1u, memory_order_relaxed);
}
