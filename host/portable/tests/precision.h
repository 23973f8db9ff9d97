// precision.h: how far a result is from the exact one, in units of the last place of its type.
#pragma once

#include "msl_library.h"

extern "C" {
double fabs(double), floor(double), ceil(double), trunc(double), rint(double), round(double), sqrt(double);
double exp(double), exp2(double), exp10(double), log(double), log2(double), log10(double);
double sin(double), cos(double), tan(double), asin(double), acos(double), atan(double);
double sinh(double), cosh(double), tanh(double), asinh(double), acosh(double), atanh(double);
double atan2(double, double), pow(double, double), fmod(double, double), ldexp(double, int);
float nextafterf(float, float), frexpf(float, int *);
}

namespace precision {

template <class T> struct Format;
template <> struct Format<float> {
  static constexpr int digits = 23, least_exponent = -126, largest_exponent = 127;
};
template <> struct Format<_Float16> {
  static constexpr int digits = 10, least_exponent = -14, largest_exponent = 15;
};
template <> struct Format<__bf16> {
  static constexpr int digits = 7, least_exponent = -126, largest_exponent = 127;
};

constexpr double wrong = 1000000000;

inline double two_to(int n) { return __builtin_bit_cast(double, static_cast<unsigned long>(n + 1023) << 52); }
inline int exponent_of(double x) {
  return static_cast<int>((__builtin_bit_cast(unsigned long, x) >> 52) & 0x7ff) - 1023;
}
template <class T> double unit_in_last_place(double x) {
  const int exponent = exponent_of(x), least = Format<T>::least_exponent, largest = Format<T>::largest_exponent;
  return two_to((exponent < least ? least : exponent > largest ? largest : exponent) - Format<T>::digits);
}
inline bool is_nan(double x) { return x != x; }
inline bool is_infinite(double x) { return fabs(x) == static_cast<double>(__builtin_inff()); }
// Conversion to bfloat may take a denormal for zero: x86-64's instruction for it does, and MSL allows it.
template <class T> bool may_be_flushed(double x) { return __is_same(T, __bf16) && fabs(x) < two_to(-126); }
inline bool is_negative(double x) { return __builtin_bit_cast(unsigned long, x) >> 63; }

// Out of line: from double straight to a small type the compiler would call a function that nothing here provides.
inline __attribute__((noinline)) float to_float(double x) { return static_cast<float>(x); }

// `zeros`: the sign of a zero counts.
template <class T> double error(T result, double expected, bool zeros) {
  const double got = static_cast<double>(result);
  if (is_nan(expected) || is_nan(got))
    return is_nan(expected) == is_nan(got) ? 0 : wrong;
  if (zeros && got == 0 && expected == 0 && is_negative(got) != is_negative(expected))
    return wrong;
  const double rounded = static_cast<double>(static_cast<T>(to_float(expected)));
  if (got == rounded || (got == 0 && may_be_flushed<T>(expected)))
    return 0; // the same infinity, or the nearest number
  const double unit = unit_in_last_place<T>(expected);
  if (is_infinite(got) || is_infinite(rounded)) {
    // Within the bound of the largest number a result may be infinite, and the other way round.
    const double largest = two_to(Format<T>::largest_exponent) * (2 - two_to(-Format<T>::digits));
    const bool near = fabs(expected) < largest + 4 * unit && fabs(expected) > largest - 4 * unit;
    return near && is_negative(got) == is_negative(expected) ? 1 : wrong;
  }
  return fabs(got - expected) / unit;
}

// What comes out: one for each function, mode and type.
struct Result {
  const char *name, *mode, *type;
  unsigned long points;
  double worst, bound;
  float x, y; // where the worst was met
};

} // namespace precision
