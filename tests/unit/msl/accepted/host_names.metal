// expect: add_f32 mode=loop buffers=0,1,2
// expect: add_i32 mode=loop buffers=0,1,2
// expect: mul_f16 mode=loop buffers=0,1,2
#include <metal_stdlib>
using namespace metal;

struct Add { template <typename T> T operator()(T a, T b) { return a + b; } };
struct Mul { template <typename T> T operator()(T a, T b) { return a * b; } };
template <typename T, typename Op>
[[kernel]] void binary(device const T* a [[buffer(0)]], device const T* b [[buffer(1)]], device T* c [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  c[i] = Op()(a[i], b[i]);
}
#define instantiate(name, T, Op) \
  template [[host_name(#name)]] [[kernel]] void binary<T, Op>( \
      device const T* a [[buffer(0)]], device const T* b [[buffer(1)]], device T* c [[buffer(2)]], uint i [[thread_position_in_grid]]);
instantiate(add_f32, float, Add)
instantiate(add_i32, int, Add)
#define instantiate_kernel(name, func, ...) template [[host_name(name)]] [[kernel]] decltype(func<__VA_ARGS__>) func<__VA_ARGS__>;
instantiate_kernel("mul_" "f16", binary, half, Mul)
