// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

// kernel void commented(device float* y [[buffer(7)]]) {}
/* kernel void also("unterminated) { */
constant char kText[] = "kernel void g() { \" [[buffer(9)]] //";
kernel void f(device char* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = kText[i % 4]; }
