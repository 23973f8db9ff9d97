// precision.cc: the largest error of each float function against libm in double, in units of the last place, over all
// exponents. Prints one line a function: name, largest error, argument where it happened; exits 1 where the bound of
// MSL 8.4 "precise" is broken or a special value is wrong.
#include "msl_library.h"

extern "C" {
int printf(const char *, ...);
double exp(double), exp2(double), exp10(double), log(double), log2(double), log10(double), sin(double), cos(double),
    tan(double);
double sinh(double), cosh(double), tanh(double), asinh(double), acosh(double), atanh(double), asin(double),
    acos(double), atan(double);
double atan2(double, double), pow(double, double), fmod(double, double), sqrt(double), fabs(double), ldexp(double, int);
}

namespace reference {
double rsqrt(double x) { return 1 / sqrt(x); }
// Reduced exactly first: every float is a multiple of a power of two.
double sinpi(double x) {
  const double r = fmod(x, 2.0);
  return r == 0.0 || fabs(r) == 1.0 ? 0.0 * x : sin(r * 3.141592653589793L);
}
double cospi(double x) {
  const double r = fabs(fmod(x, 2.0));
  return r == 0.5L || r == 1.5L ? 0.0 : cos(r * 3.141592653589793L);
}
double tanpi(double x) { return sinpi(x) / cospi(x); }
double powr(double x, double y) { return x < 0 ? __builtin_nan("") : pow(x, y); }
} // namespace reference

namespace {

constexpr unsigned samples = SAMPLES;
int failures = 0;

// A bit pattern for every step: all exponents and both signs are met, low bits vary.
float sample(unsigned i, unsigned of) {
  const unsigned stride = static_cast<unsigned>((1ull << 32) / of);
  const unsigned jitter = (i * 2654435761u) >> 8;
  return __builtin_bit_cast(float, i *stride + (stride > 1 ? jitter % stride : 0));
}
double unit_in_last_place(double x) {
  const double a = fabs(x);
  if (a < 0x1p-126L)
    return 0x1p-149L;
  int exponent = static_cast<int>((__builtin_bit_cast(unsigned long, a) >> 52) & 0x7ff) - 1023;
  return ldexp(1.0, (exponent > 127 ? 127 : exponent) - 23);
}
bool is_nan(double x) { return x != x; }
double error(float got, double expected) {
  if (is_nan(expected) || is_nan(got))
    return is_nan(expected) == is_nan(got) ? 0.0 : 1e9;
  const float rounded = static_cast<float>(expected);
  if (got == rounded)
    return 0.0; // the same infinity, or the same number
  if (fabs(rounded) == static_cast<double>(__builtin_inff()) || fabs(got) == static_cast<double>(__builtin_inff())) {
    // A result within the bound of the largest float may round to infinity.
    const double largest = 0x1.fffffep127L;
    return fabs(expected) < largest * 1.0000004L && fabs(expected) > largest * 0.9999996L ? 1.0 : 1e9;
  }
  return fabs(static_cast<double>(got) - expected) / unit_in_last_place(expected);
}
struct Worst {
  double error;
  float x, y;
  void meet(double e, float a, float b = 0.0f) {
    if (e > error)
      *this = {e, a, b};
  }
  void report(const char *name, double bound) const {
    const bool broken = !(error <= bound);
    failures += broken;
    printf("%-8s %10.3f of %4.1f at %a %a%s\n", name, error, bound, static_cast<double>(x), static_cast<double>(y),
           broken ? "  BROKEN" : "");
  }
};

template <class F, class R> void one(const char *name, double bound, F f, R r, double limit) {
  Worst worst{};
  for (unsigned i = 0; i < samples; ++i) {
    const float x = sample(i, samples);
    if (fabs(static_cast<double>(x)) > limit && fabs(static_cast<double>(x)) < static_cast<double>(__builtin_inff()))
      continue;
    worst.meet(error(f(x), r(static_cast<double>(x))), x);
  }
  const unsigned specials[] = {0u,          0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 1u,         0x80000001u,
                               0x007fffffu, 0x00800000u, 0x7f7fffffu, 0xff7fffffu, 0x3f800000u, 0xbf800000u};
  for (const unsigned word : specials) {
    const float x = __builtin_bit_cast(float, word);
    if (fabs(static_cast<double>(x)) > limit && fabs(static_cast<double>(x)) < static_cast<double>(__builtin_inff()))
      continue;
    worst.meet(error(f(x), r(static_cast<double>(x))), x);
  }
  worst.report(name, bound);
}
template <class F, class R> void two(const char *name, double bound, F f, R r) {
  Worst worst{};
  const unsigned side = SAMPLES / 1024;
  for (unsigned i = 0; i < side; ++i)
    for (unsigned j = 0; j < 1024; ++j) {
      const float x = sample(i, side), y = sample(j * 769 % 1024, 1024);
      worst.meet(error(f(x, y), r(static_cast<double>(x), static_cast<double>(y))), x, y);
    }
  // Moderate arguments, where pow is neither 0 nor infinite.
  for (unsigned i = 0; i < SAMPLES; ++i) {
    const float x = static_cast<float>(i % 2039) / 64.0f + 0x1p-8f * static_cast<float>(i % 7),
                y = static_cast<float>((i * 7919u) % 4001) / 100.0f - 20.0f;
    worst.meet(error(f(x, y), r(static_cast<double>(x), static_cast<double>(y))), x, y);
  }
  const unsigned specials[] = {0u,          0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u,
                               1u,          0x80000001u, 0x3f800000u, 0xbf800000u, 0x3f000000u,
                               0x40000000u, 0xc0000000u, 0x40400000u, 0xc0400000u, 0x7f7fffffu};
  for (const unsigned a : specials)
    for (const unsigned b : specials) {
      const float x = __builtin_bit_cast(float, a), y = __builtin_bit_cast(float, b);
      worst.meet(error(f(x, y), r(static_cast<double>(x), static_cast<double>(y))), x, y);
    }
  worst.report(name, bound);
}

#define CALL(space, name) [](float x) { return metal::space::name(x); }
#define EXPECT(name) [](double x) { return ::name(x); }
#define CALL2(space, name) [](float x, float y) { return metal::space::name(x, y); }
#define EXPECT2(name) [](double x, double y) { return ::name(x, y); }
const double everywhere = 1e300L, angles = 0x1p50L;

} // namespace

int main() {
  one("exp", 4, CALL(fast, exp), EXPECT(exp), everywhere);
  one("exp2", 4, CALL(fast, exp2), EXPECT(exp2), everywhere);
  one("exp10", 4, CALL(fast, exp10), EXPECT(exp10), everywhere);
  one("log", 4, CALL(fast, log), EXPECT(log), everywhere);
  one("log2", 4, CALL(fast, log2), EXPECT(log2), everywhere);
  one("log10", 4, CALL(fast, log10), EXPECT(log10), everywhere);
  one("sin", 4, CALL(fast, sin), EXPECT(sin), angles);
  one("cos", 4, CALL(fast, cos), EXPECT(cos), angles);
  one("tan", 6, CALL(fast, tan), EXPECT(tan), angles);
  one("p::sin", 4, CALL(precise, sin), EXPECT(sin), everywhere);
  one("p::cos", 4, CALL(precise, cos), EXPECT(cos), everywhere);
  one("p::tan", 6, CALL(precise, tan), EXPECT(tan), everywhere);
  one("sinpi", 4, CALL(fast, sinpi), EXPECT(reference::sinpi), everywhere);
  one("cospi", 4, CALL(fast, cospi), EXPECT(reference::cospi), everywhere);
  one("tanpi", 6, CALL(fast, tanpi), EXPECT(reference::tanpi), everywhere);
  one("asin", 4, CALL(fast, asin), EXPECT(asin), everywhere);
  one("acos", 4, CALL(fast, acos), EXPECT(acos), everywhere);
  one("atan", 5, CALL(fast, atan), EXPECT(atan), everywhere);
  one("sinh", 4, CALL(fast, sinh), EXPECT(sinh), everywhere);
  one("cosh", 4, CALL(fast, cosh), EXPECT(cosh), everywhere);
  one("tanh", 5, CALL(fast, tanh), EXPECT(tanh), everywhere);
  one("asinh", 4, CALL(fast, asinh), EXPECT(asinh), everywhere);
  one("acosh", 4, CALL(fast, acosh), EXPECT(acosh), everywhere);
  one("atanh", 5, CALL(fast, atanh), EXPECT(atanh), everywhere);
  one("sqrt", 0.5L, CALL(fast, sqrt), EXPECT(sqrt), everywhere);
  one("rsqrt", 2, CALL(fast, rsqrt), EXPECT(reference::rsqrt), everywhere);
  one("p::rsqrt", 0.5005L, CALL(precise, rsqrt), EXPECT(reference::rsqrt), everywhere);
  two("atan2", 6, CALL2(fast, atan2), EXPECT2(atan2));
  two("pow", 16, CALL2(fast, pow), EXPECT2(pow));
  two("powr", 16, CALL2(fast, powr), EXPECT2(reference::powr));
  two("fmod", 0, CALL2(fast, fmod), EXPECT2(fmod));
  printf("%d broken\n", failures);
  return failures != 0;
}
