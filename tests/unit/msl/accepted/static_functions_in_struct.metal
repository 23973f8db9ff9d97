// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

template <typename T> struct Reducer {
  static METAL_FUNC T warp(T v) { for (ushort d = 16; d > 0; d >>= 1) v += simd_shuffle_down(v, d); return v; }
  T init = T(0);
  METAL_FUNC T run(T v) { return warp(v) + init; }
  T operator()(T v) { return simd_min(v); }
};
template <typename T> struct User { Reducer<T> r; T go(T v) { return r.run(v) + r(v); } };
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { User<float> u; y[i] = u.go(y[i]); }
