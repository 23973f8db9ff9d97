// precision.cc: the largest error of each function of metal:: against libm in double: float at as many points as asked
// for, half and bfloat at all there are. The loops are vector loops, as in kernels. msl/math_sweep.py calls it.
#include "precision_points.h"

namespace reference {
using precision::is_infinite;
double rsqrt(double x) { return 1 / sqrt(x); }
double fract(double x) {
  const double part = x - floor(x), largest = 0x1.fffffep-1L;
  return part > largest ? largest : part;
}
// Reduced exactly first: every float is a multiple of a power of two.
double sinpi(double x) {
  const double r = fmod(x, 2), pi = 3.141592653589793L;
  return r == 0 || fabs(r) == 1 ? 0 * x : sin(r * pi);
}
double cospi(double x) {
  const double r = fabs(fmod(x, 2)), half_turn = 0.5L, pi = 3.141592653589793L;
  return r == half_turn || r == 3 * half_turn ? 0 : cos(r * pi);
}
double tanpi(double x) { return sinpi(x) / cospi(x); }
double powr(double x, double y) { return x < 0 ? static_cast<double>(__builtin_nanf("")) : pow(x, y); }
double nextafter(double x, double y) {
  return static_cast<double>(nextafterf(static_cast<float>(x), static_cast<float>(y)));
}
double fraction(double x) {
  int exponent;
  return static_cast<double>(frexpf(static_cast<float>(x), &exponent));
}
double exponent(double x) {
  int exponent = 0;
  frexpf(static_cast<float>(x), &exponent);
  return is_infinite(x) || x != x ? 0 : exponent;
}
double part(double x) { return is_infinite(x) ? 0 * (1 / x) : x == trunc(x) ? 0 * x : x - trunc(x); }
int shift_by(double y) { return __builtin_bit_cast(int, static_cast<float>(y)) % 400; }
double shifted(double x, double y) { return ldexp(x, shift_by(y)); }
} // namespace reference

// What metal:: returns through a reference, or takes as an integer.
namespace parts {
float fraction(float x) {
  int exponent;
  return metal::frexp(x, exponent);
}
float exponent(float x) {
  int exponent;
  metal::frexp(x, exponent);
  return static_cast<float>(exponent);
}
float part(float x) {
  float whole;
  return metal::modf(x, whole);
}
float shifted(float x, float y) { return metal::ldexp(x, __builtin_bit_cast(int, y) % 400); }
} // namespace parts

namespace {

using namespace precision;

#ifdef MSL_PRECISE_MATH
constexpr bool zeros = true;
#else
constexpr bool zeros = false;
#endif
constexpr unsigned block = 4096;
unsigned samples, hard_angles;
const unsigned *hard_angle_words;
Result *next_result;

template <class T> const char *name_of() {
  return __is_same(T, float) ? "float" : __is_same(T, _Float16) ? "half" : "bfloat";
}
// The i-th argument of a type: for the small ones, all there are.
template <class T> unsigned count_of() { return __is_same(T, float) ? samples + hard_angles : 65536; }
template <class T> float argument(const Range &range, bool angle, unsigned i) {
  if constexpr (__is_same(T, float))
    return i < samples ? point(range, angle, i, samples) : word(hard_angle_words[i - samples]);
  else
    return static_cast<float>(__builtin_bit_cast(T, static_cast<unsigned short>(i)));
}
template <class T, class F> __attribute__((noinline)) void apply(F f, const float *x, T *y) {
#pragma clang loop vectorize(assume_safety)
  for (unsigned i = 0; i < block; ++i)
    y[i] = f(static_cast<T>(x[i]));
}
template <class T, class F> __attribute__((noinline)) void apply(F f, const float *x, const float *y, T *z) {
#pragma clang loop vectorize(assume_safety)
  for (unsigned i = 0; i < block; ++i)
    z[i] = f(static_cast<T>(x[i]), static_cast<T>(y[i]));
}

struct Subject {
  const char *name, *mode;
  double bound;
  float limit; // larger finite arguments are not asked for
};
template <class T> bool asked(const Subject &subject, float argument) {
  const double x = static_cast<double>(argument);
  return !may_be_flushed<T>(x) && !(fabs(x) > static_cast<double>(subject.limit) && !is_infinite(x));
}
// Measures block by block: `fill` sets the arguments from the first one's number on, the rest goes by functions.
template <class T, class Fill, class Apply, class Expected>
void measure(const Subject &subject, unsigned count, Fill fill, Apply compute, Expected expected) {
  static float x[block], y[block];
  static T got[block];
  Result result = {subject.name, subject.mode, name_of<T>(), 0, -1, subject.bound, 0, 0};
  for (unsigned first = 0; first < count; first += block) {
    for (unsigned i = 0; i < block; ++i)
      fill(first + i < count ? first + i : count - 1, x[i], y[i]);
    compute(x, y, got);
    for (unsigned i = 0; i < block; ++i) {
      if (!asked<T>(subject, x[i]) || !asked<T>(subject, y[i]))
        continue;
      const double e = error<T>(got[i], expected(static_cast<double>(x[i]), static_cast<double>(y[i])), zeros);
      ++result.points;
      if (e > result.worst)
        result.worst = e, result.x = x[i], result.y = y[i];
    }
  }
  *next_result++ = result;
}
template <class T, class F, class R> void one(const Subject &subject, const Range &range, bool angle, F f, R r) {
  measure<T>(
      subject, count_of<T>(), [&](unsigned i, float &x, float &y) { x = argument<T>(range, angle, i), y = 0; },
      [&](const float *x, const float *, T *got) { apply<T>(f, x, got); }, [&](double x, double) { return r(x); });
}
template <class T, class F, class R> void two(const Subject &subject, Pair kind, F f, R r) {
  measure<T>(
      subject, samples,
      [&](unsigned i, float &x, float &y) {
        pair(kind, i, samples, x, y);
        x = static_cast<float>(static_cast<T>(x)), y = static_cast<float>(static_cast<T>(y));
      },
      [&](const float *x, const float *y, T *got) { apply<T>(f, x, y, got); }, r);
}

constexpr float anything = __builtin_inff(), angles_of_fast = 0x1p50f;

#define ONE(T, call, name, expected, mode, bound, limit, angle, ...)                                                   \
  one<T>(                                                                                                              \
      {name, mode, bound, limit}, Range __VA_ARGS__, angle, [](T x) { return call(x); },                               \
      [](double x) { return expected(x); });
#define TWO(T, call, name, expected, kind, bound)                                                                      \
  two<T>(                                                                                                              \
      {name, "all", bound, anything}, Pair::kind, [](T x, T y) { return call(x, y); },                                 \
      [](double x, double y) { return expected(x, y); });
// The types of a function that has one form; of one that has two; of one of two arguments. Small types within 1 ulp.
#define SAME(name, expected, bound, small, angle, ...)                                                                 \
  ONE(float, metal::name, #name, expected::name, "all", bound, anything, angle, __VA_ARGS__)                           \
  ONE(_Float16, metal::name, #name, expected::name, "all", small, anything, false, {})                                 \
  ONE(__bf16, metal::name, #name, expected::name, "all", small, anything, false, {})
#define DIFFER(name, expected, fast_bound, bound, limit, angle, ...)                                                   \
  ONE(float, metal::fast::name, #name, expected::name, "fast", fast_bound, limit, angle, __VA_ARGS__)                  \
  ONE(float, metal::precise::name, #name, expected::name, "precise", bound, anything, angle, __VA_ARGS__)              \
  ONE(_Float16, metal::fast::name, #name, expected::name, "fast", 1, limit, false, {})                                 \
  ONE(_Float16, metal::precise::name, #name, expected::name, "precise", 1, anything, false, {})                        \
  ONE(__bf16, metal::precise::name, #name, expected::name, "precise", 1, anything, false, {})
#define PAIRS(name, expected, kind, bound, small)                                                                      \
  TWO(float, metal::name, #name, expected::name, kind, bound)                                                          \
  TWO(_Float16, metal::name, #name, expected::name, kind, small)                                                       \
  TWO(__bf16, metal::name, #name, expected::name, kind, small)
#define EXACT(call, name, expected)                                                                                    \
  ONE(float, call, name, expected, "all", 0, anything, false, {-100, 100, {1, -1, 0x1p23f, -0x1p23f, 0.5f, 0x1p-126f}})

// Bounds: the tighter of MSL's fast and precise ones, where one form serves both.
void exponentials_and_logarithms() {
  SAME(exp, , 3, 1, false, {-110, 95, {88.72284f, -87.33655f, -103.97208f, 0x1p-20f, 1, 0.34657f}})
  SAME(exp2, , 3, 1, false, {-155, 135, {128, -126, -149, 0x1p-20f, 0.5f, 1.5f}})
  SAME(exp10, , 4, 1, false, {-48, 40, {38.53184f, -37.92978f, -45.15450f, 0x1p-20f, 1, 0.15f}})
  SAME(log, , 3, 1, false, {0, 4, {1, 0.70710678f, 1.41421356f, 2.7182818f, 0x1p-126f, 0.5f}})
  SAME(log2, , 3, 1, false, {0, 4, {1, 0.70710678f, 1.41421356f, 2, 0x1p-126f, 0.5f}})
  SAME(log10, , 3, 1, false, {0, 20, {1, 0.70710678f, 1.41421356f, 10, 0x1p-126f, 1000}})
}
void angles() {
  DIFFER(sin, , 4, 4, angles_of_fast, true, {-7, 7, {}})
  DIFFER(cos, , 4, 4, angles_of_fast, true, {-7, 7, {}})
  DIFFER(tan, , 6, 6, angles_of_fast, true, {-7, 7, {}})
  SAME(sinpi, reference, 4, 1, false, {-4, 4, {1, 0.5f, 2, 0.25f, 8388607, 1024.5f}})
  SAME(cospi, reference, 4, 1, false, {-4, 4, {1, 0.5f, 1.5f, 0.25f, 8388607, 1024.5f}})
  SAME(tanpi, reference, 6, 1, false, {-4, 4, {1, 0.5f, 1.5f, 0.25f, 8388607, 1024.5f}})
  SAME(asin, , 4, 1, false, {-1, 1, {1, -1, 0.5f, -0.5f, 0x1p-12f, 0.70710678f}})
  SAME(acos, , 4, 1, false, {-1, 1, {1, -1, 0.5f, -0.5f, 0x1p-12f, 0.70710678f}})
  SAME(atan, , 5, 1, false, {-8, 8, {1, -1, 0.41421356f, 2.41421356f, 0x1p-12f, 0x1p24f}})
  PAIRS(atan2, , angle, 6, 1)
}
void hyperbolics() {
  SAME(sinh, , 4, 1, false, {-90, 90, {89.41599f, 88.72284f, 0x1p-12f, 1, 0.34657f, 9}})
  SAME(cosh, , 4, 1, false, {-90, 90, {89.41599f, 88.72284f, 0x1p-12f, 1, 0.34657f, 9}})
  SAME(tanh, , 5, 1, false, {-10, 10, {9.01091f, 10, 0x1p-12f, 0.17328f, 0.34657f, 1}})
  SAME(asinh, , 4, 1, false, {-20, 20, {0x1p30f, 0x1p-12f, 0.5f, 1, 0x1p63f, 0x1p64f}})
  SAME(acosh, , 4, 1, false, {1, 20, {1, 0x1p30f, 1.5f, 2, 0x1p63f, 0x1p64f}})
  SAME(atanh, , 5, 1, false, {-1, 1, {1, -1, 0.5f, 0x1p-12f, 0.17f, 0.33333f}})
}
void powers() {
  SAME(sqrt, , 0, 0, false, {0, 100, {1, 2, 4, 0x1p-126f, 0x1p126f, 0x1p-149f}})
  DIFFER(rsqrt, reference, 2, 0, anything, false, {0, 100, {1, 2, 4, 0x1p-126f, 0x1p126f, 0x1p-149f}})
  PAIRS(pow, , power, 16, 1)
  PAIRS(powr, reference, power, 16, 1)
}
void exact() {
  SAME(floor, , 0, 0, false, {-100, 100, {1, -1, 0x1p23f, -0x1p23f, 0.5f, -0.5f}})
  SAME(ceil, , 0, 0, false, {-100, 100, {1, -1, 0x1p23f, -0x1p23f, 0.5f, -0.5f}})
  SAME(trunc, , 0, 0, false, {-100, 100, {1, -1, 0x1p23f, -0x1p23f, 0.5f, -0.5f}})
  SAME(rint, , 0, 0, false, {-100, 100, {0.5f, 1.5f, 0x1p23f, -0x1p23f, -0.5f, 2.5f}})
  SAME(round, , 0, 0, false, {-100, 100, {0.5f, 1.5f, 0x1p23f, -0x1p23f, -0.5f, 2.5f}})
  EXACT(metal::fract, "fract", reference::fract)
  EXACT(parts::part, "modf", reference::part)
  EXACT(parts::fraction, "frexp, fraction", reference::fraction)
  EXACT(parts::exponent, "frexp, exponent", reference::exponent)
  TWO(float, parts::shifted, "ldexp", reference::shifted, any, 0)
  TWO(float, metal::nextafter, "nextafter", reference::nextafter, any, 0)
  PAIRS(fmod, , quotient, 0, 0)
}

} // namespace

// Writes the results and returns how many there are; `capacity` is how many there may be.
extern "C" __attribute__((visibility("default"))) unsigned
sweep(unsigned count, const unsigned *angle_words, unsigned angle_count, Result *results, unsigned capacity) {
  constexpr unsigned most = 160;
  if (capacity < most)
    return 0;
  samples = count / block * block;
  hard_angle_words = angle_words, hard_angles = angle_count;
  next_result = results;
  exponentials_and_logarithms();
  angles();
  hyperbolics();
  powers();
  exact();
  return static_cast<unsigned>(next_result - results);
}
