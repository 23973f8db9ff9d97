// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

template <typename T> struct is_small : bool_constant<sizeof(T) <= 4> {};
template <typename T, enable_if_t<is_integral_v<T>, bool> = true> inline T twice(T x) { return x << 1; }
template <typename T, enable_if_t<!is_integral_v<T>, bool> = true> inline T twice(T x) { return x + x; }
template <typename T, typename = enable_if_t<is_same<T, float>::value>> inline T only(T x) { return x; }
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  y[i] = twice(y[i]) + float(twice(3)) + only(1.0f) + (is_small<half>::value ? 1.0f : 0.0f);
}
