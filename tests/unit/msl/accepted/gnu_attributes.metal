// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

__attribute__((always_inline)) static inline float g(float x) { return x; }
static __attribute__((noinline)) float h(float x) { return x * 2; }
struct __attribute__((packed)) P { uchar a; uint b; };
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = g(h(y[i])) + sizeof(P); }
