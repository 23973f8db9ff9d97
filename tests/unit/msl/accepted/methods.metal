// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

struct Complex {
  float re, im;
  Complex() = default;
  constexpr Complex(float r, float i) thread : re(r), im(i) {}
  Complex operator+(Complex o) const thread { return Complex(re + o.re, im + o.im); }
  thread Complex& operator*=(float s) thread { re *= s; im *= s; return *this; }
  float norm() const device { return re * re + im * im; }
  float norm() const thread { return re * re + im * im; }
  float norm() const threadgroup { return re * re + im * im; }
};
inline Complex operator*(Complex a, Complex b) { return {a.re * b.re - a.im * b.im, a.re * b.im + a.im * b.re}; }
kernel void f(device Complex* z [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  Complex c = z[i] * z[i] + Complex(1.0f, 0.0f);
  c *= 0.5f;
  z[i] = c;
  z[i].re += z[i].norm() + c.norm();
}
