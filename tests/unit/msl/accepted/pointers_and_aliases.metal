// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

typedef device float* output_pointer;
using input_pointer = device const float*;
template <typename T> using ptr = device T*;
inline void store(output_pointer p, uint i, float v) { p[i] = v; }
inline void advance(thread input_pointer& p) { p += 1; }
kernel void f(input_pointer x [[buffer(0)]], output_pointer y [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  input_pointer p = x;
  advance(p);
  ptr<float> q = y;
  store(q, i, p[i]);
}
