// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

namespace detail {
enum class Mode : uint { add, sub = 4 };
enum { kFlag = 2 };
using real = float;
template <typename T> struct Traits { static constexpr constant int width = 4; };
template <> struct Traits<half> { static constexpr constant int width = 8; };
template <typename T> METAL_FUNC T pick(T a, T b, Mode m) {
  switch (m) { case Mode::add: return a + b; case Mode::sub: return a - b; default: break; }
  return a;
}
union Bits { float f; uint u; };
}  // namespace detail
using namespace detail;
static_assert(Traits<float>::width == 4, "width");
template <typename... A> inline float count(A... a) { return float(sizeof...(a)); }
template <int N> inline int power(int x) { if constexpr (N == 0) return 1; else return x * power<N - 1>(x); }
inline int fib(int n) { return n < 2 ? n : fib(n - 1) + fib(n - 2); }
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  const auto v = pick<real>(1.0, 2.0h, Mode::sub);
  Bits bits; bits.f = v;
  float4 q{1, 2, 3, 4};
  q.xy = q.zw; q.rgb *= 2.0;
  int k = 0;
  do { k += power<3>(2); } while (k < 20);
  y[i] = count(1, 2u, 3.0f) + as_type<float>(bits.u) + q.wzyx.x + float(k + fib(5)) + kFlag + 0x1.8p1f;
  uint a = 7u >> 1, b = a << 2;
  y[i] += select(1.0f, 2.0f, a > b) + (a ? 1 : 0) + 'a';
}
