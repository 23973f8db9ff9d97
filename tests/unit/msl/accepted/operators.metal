// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

struct Vec { float d[3];
  thread float& operator[](int i) thread { return d[i]; }
  float operator[](int i) const thread { return d[i]; }
  explicit operator float() const { return d[0]; }
  bool operator==(Vec o) const { return d[0] == o.d[0]; }
  float operator()(float x) const { return x * d[1]; }
};
constexpr inline Vec operator-(Vec a, Vec b) { return Vec{{a.d[0] - b.d[0], a.d[1] - b.d[1], a.d[2] - b.d[2]}}; }
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  Vec v{{1, 2, 3}}; v[1] = y[i];
  const Vec w = v - v;
  y[i] = w[2] + float(v) + v(2.0f) + (v == w ? 1.0f : 0.0f);
}
