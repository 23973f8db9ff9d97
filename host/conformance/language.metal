// The language itself: templates, structs, constants, control flow, references, macros, every legal attribute position.
#include <metal_stdlib>
using namespace metal;

constant float WEIGHTS[4] = {0.5f, 1.5f, 2.5f, 3.5f};
constant uint GROUP = 32;
constant constexpr int OFFSETS[2][3] = {{1, 2, 3}, {-1, -2, -3}};
constexpr constant float SCALE = 2.0f;

kernel void constant_tables(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * WEIGHTS[i % 4] * SCALE + float(OFFSETS[i % 2][i % 3]);
}

[[max_total_threads_per_threadgroup(64)]] kernel void attribute_first(device float* out [[buffer(0)]],
                                                                      uint i [[thread_position_in_grid]]) {
  out[i] = float(i);
}

kernel [[max_total_threads_per_threadgroup(GROUP)]] void attribute_middle(device float* out [[buffer(0)]],
                                                                          uint i [[thread_position_in_grid]]) {
  out[i] = float(i) + 1;
}

[[kernel, max_total_threads_per_threadgroup(2 * 16)]] void attribute_list(device float* out [[buffer(0)]],
                                                                          uint i [[thread_position_in_grid]]) {
  out[i] = float(i) + 2;
}

[[kernel]] void attribute_only(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = float(i) + 3;
}

template <typename T, int N>
[[kernel]] void scaled(device const T* x [[buffer(0)]], device T* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * T(N);
}

template [[host_name("scaled_float_3")]] [[kernel]] decltype(scaled<float, 3>) scaled<float, 3>;
template [[host_name("scaled_int_5")]] [[kernel]] decltype(scaled<int, 5>) scaled<int, 5>;

struct Parameters {
  uint n;
  float alpha;
  float3 shift;
  packed_float3 tight;
  int2 pair;
};

kernel void struct_argument(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            constant Parameters& p [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  if (i >= p.n) return;
  out[i] = x[i] * p.alpha + p.shift.y + p.tight[2] + float(p.pair.y);
}

kernel void array_of_structs(device const Parameters* p [[buffer(0)]], device float* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  Parameters q = p[i];
  q.alpha += 1;
  out[i] = q.alpha * float(q.n) + q.shift.z;
}

template <typename T>
METAL_FUNC T twice(T v) {
  return v + v;
}

template <>
METAL_FUNC int twice(int v) {
  return v * 20;
}

kernel void function_templates(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  out[i] = twice(x[i]) + float(twice(int(i))) + twice<uint>(i);
}

static inline void swap_values(thread float& a, thread float& b) {
  float t = a;
  a = b;
  b = t;
}

inline float horner(const thread float* c, int n, float x) {
  float r = 0;
  for (int k = n - 1; k >= 0; --k) r = r * x + c[k];
  return r;
}

kernel void references_and_arrays(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                  uint i [[thread_position_in_grid]]) {
  float c[4] = {1, 2, 3, 4};
  float a = x[i], b = 10;
  swap_values(a, b);
  swap_values(c[0], c[3]);
  out[i] = horner(c, 4, b) + a;
}

enum class Mode : uint { Add = 1, Multiply = 2 };
enum { PLAIN = 7 };

kernel void enums_and_switch(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  Mode m = static_cast<Mode>(x[i] % 3);
  uint r = PLAIN;
  switch (m) {
    case Mode::Add:
      r += 10;
      break;
    case Mode::Multiply:
      r *= 10;
    default:
      r += 1;
  }
  out[i] = r;
}

struct Complex {
  float re, im;
  Complex operator*(Complex o) const { return {re * o.re - im * o.im, re * o.im + im * o.re}; }
  thread Complex& operator+=(Complex o) thread {
    re += o.re;
    im += o.im;
    return *this;
  }
};

kernel void operators(device const float2* x [[buffer(0)]], device float2* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  Complex z = {x[i].x, x[i].y};
  Complex w = z * z;
  w += z;
  out[i] = float2(w.re, w.im);
}

namespace detail {
template <uint K>
struct Power {
  static float of(float x) { return x * Power<K - 1>::of(x); }
};
template <>
struct Power<0> {
  static float of(float) { return 1; }
};
}  // namespace detail

kernel void recursion_by_template(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                  uint i [[thread_position_in_grid]]) {
  out[i] = detail::Power<3>::of(x[i]);
}

#define UNROLLED(n) _Pragma("unroll") for (int k = 0; k < n; ++k)
#define JOIN(a, b) a##b

kernel void macros(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  float JOIN(sum, mand) = 0;
  UNROLLED(4) { summand += x[i] * float(k); }
#pragma unroll(2)
  for (int k = 0; k < 2; ++k) summand += 1;
#pragma clang loop unroll(full)
  for (int k = 0; k < 3; ++k) summand -= 0.5f;
  out[i] = summand;
}
#undef UNROLLED

kernel void grid_stride(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        constant uint& n [[buffer(2)]], constant uint& step [[buffer(3)]],
                        uint i [[thread_position_in_grid]]) {
  for (uint k = i; k < n; k += step) out[k] = x[k] * 2;
}

kernel void do_while_and_comma(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  uint v = x[i], steps = 0;
  do {
    v = v % 2 ? 3 * v + 1 : v / 2, ++steps;
  } while (v != 1 && steps < 200);
  out[i] = steps;
}

kernel void implicit_indices(device const float* x, device float* out, constant float& k,
                             uint i [[thread_position_in_grid]]) {
  out[i] = x[i] + k;
}

kernel void unused_parameters(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                              constant uint& unused [[buffer(2)]], device const float* spare [[buffer(7)]],
                              uint i [[thread_position_in_grid]]) {
  (void)unused;
  out[i] = -x[i];
}

kernel void restrict_pointers(device const float* __restrict x [[buffer(0)]],
                              device float* __restrict__ out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  device const float* p = x + i;
  device float* q = &out[i];
  *q = *p++ + 1;
}

union Bits {
  float f;
  uint u;
};

kernel void unions_and_sizeof(device const float* x [[buffer(0)]], device uint* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  static_assert(sizeof(Bits) == 4, "one word");
  Bits b;
  b.f = x[i];
  out[i] = b.u + sizeof(Parameters);
}

kernel void conditional_vectors(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]]) {
  float4 v = i % 2 ? x[i] : float4(0);
  if (all(v == 0.0f)) v.w = 1;
  out[i] = v;
}

using vec4 = float4;
typedef device const vec4* input;

kernel void aliases(input x [[buffer(0)]], device vec4* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  const auto v = x[i];
  out[i] = {v.w, v.z, v.y, v.x};
}

kernel void shadowing(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  int v = x[i];
  for (int v = 0; v < 3; ++v) out[i] = v;
  {
    int i = 100;
    v += i;
  }
  out[i] += v;
}

template <typename T>
T largest(T a, T b) {
  return a > b ? a : b;
}

template <typename T, int N>
T total(vec<T, N> v) {
  T r = 0;
  for (int k = 0; k < N; ++k) r += v[k];
  return r;
}

// A swizzle is a value of its vector type: templates deduce it, and a copy does not follow the original.
kernel void swizzle_deduction(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  float4 v = float4(x[i], x[i], x[i], 100);
  auto pair = v.xy;
  v.x = -50;
  pair.y += 2;
  float peak = largest(v.w, v.z);
  out[i] = total(pair) + total(v.zw) - peak;
}

template <typename T>
T sum_of(T v) {
  return v;
}

template <typename T, typename... Rest>
T sum_of(T v, Rest... rest) {
  return v + sum_of(rest...);
}

kernel void variadic_sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = sum_of(x[i], 2 * x[i], 4.0f, 1.0f);
}

template <uint ROWS, bool PLUS>
struct Shape {
  static constant constexpr uint cells = ROWS * 4;
  static uint of(uint i) { return PLUS ? i * cells + 4 : i; }
};

kernel void non_type_parameters(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = Shape<3, true>::of(i);
}

struct Line {
  float slope, start;
  Line(float a, float b) : slope(a), start(b) {}
  float at(float x) const { return slope * x + start; }
  float at(float x) const constant { return -slope * x; }
  void raise(float by) thread { start += by; }
};

kernel void members_and_constructors(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                     uint i [[thread_position_in_grid]]) {
  Line line(2, 3);
  line.raise(10);
  out[i] = line.at(x[i] + 1);
}

kernel void break_and_continue(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  uint r = 0;
  for (uint a = 0; a < 5; ++a) {
    if (a == x[i] % 4) continue;
    for (uint b = 0; b < 5; ++b) {
      if (b == x[i] % 5) break;
      r += a * b + 1;
    }
  }
  out[i] = r;
}

float chosen(float) { return 100; }
float chosen(uint v) { return float(v); }
float widened(float x, float by = 2, int plus = 10) { return x * by + float(plus); }

kernel void overloads_and_defaults(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                   uint i [[thread_position_in_grid]]) {
  out[i] = widened(x[i]) + chosen(x[i]) + chosen(i);
}

kernel void language_version(device uint* out [[buffer(0)]]) {
#if defined(__METAL_VERSION__) && __METAL_VERSION__ >= 300
  out[0] = 1;
#else
  out[0] = 0;
#endif
#ifdef __METAL__
  out[1] = 1;
#else
  out[1] = 0;
#endif
  out[2] = sizeof(long);
  out[3] = sizeof(float);
}

kernel void promotions(device const uchar* x [[buffer(0)]], device int* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = x[i] * 3 - 400;
  out[i * 3 + 1] = (x[i] > 50) + (x[i] % 2 == 0);
  out[i * 3 + 2] = int((x[i] - 60u) >> 28);
}

kernel void padding_of_vectors(device float3* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i] = float3(1, 2, 3) * float(i);
}
