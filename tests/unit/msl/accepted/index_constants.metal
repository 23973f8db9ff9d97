// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

const uint gid [[thread_position_in_grid]];
const uint2 unused_pair [[threads_per_threadgroup]];
static inline uint mine() { return gid * 2; }
kernel void f(device uint* y [[buffer(0)]]) { y[gid] = mine(); }
