// msl_array.h: metal::array, initializer_list, and numeric_limits.
#pragma once

#include "msl_integer.h"
#include "msl_macros.h"

// What the compiler makes of braces: its name and its two members are the language's.
namespace std {
template <class T> class initializer_list {
  const T *msl_items = nullptr;
  __SIZE_TYPE__ msl_count = 0;

public:
  using value_type = T;
  constexpr initializer_list() = default;
  constexpr __SIZE_TYPE__ size() const { return msl_count; }
  constexpr const T *begin() const { return msl_items; }
  constexpr const T *end() const { return msl_items + msl_count; }
};
} // namespace std

namespace metal {

using std::initializer_list;

template <class T, size_t N> struct array {
  using value_type = T;
  T msl_items[N ? N : 1];

  constexpr T &operator[](size_t i) { return msl_items[i]; }
  constexpr const T &operator[](size_t i) const { return msl_items[i]; }
  constexpr T *data() { return msl_items; }
  constexpr const T *data() const { return msl_items; }
  constexpr T *begin() { return msl_items; }
  constexpr const T *begin() const { return msl_items; }
  constexpr T *end() { return msl_items + N; }
  constexpr const T *end() const { return msl_items + N; }
  constexpr T &front() { return msl_items[0]; }
  constexpr const T &front() const { return msl_items[0]; }
  constexpr T &back() { return msl_items[N - 1]; }
  constexpr const T &back() const { return msl_items[N - 1]; }
  constexpr void fill(const T &value) {
    for (T &item : msl_items)
      item = value;
  }
  static constexpr size_t size() { return N; }
  static constexpr size_t max_size() { return N; }
  static constexpr bool empty() { return N == 0; }
};

template <class T> struct array_ref {
  constexpr array_ref() : msl_items(nullptr), msl_count(0) {}
  constexpr array_ref(T *items, size_t count) : msl_items(items), msl_count(count) {}
  template <size_t N> constexpr array_ref(array<T, N> &a) : msl_items(a.data()), msl_count(N) {}
  template <size_t N> constexpr array_ref(T (&a)[N]) : msl_items(a), msl_count(N) {}
  constexpr size_t size() const { return msl_count; }
  constexpr bool empty() const { return msl_count == 0; }
  constexpr T *data() const { return msl_items; }
  constexpr T &operator[](size_t i) const { return msl_items[i]; }

private:
  T *msl_items;
  size_t msl_count;
};

template <class T> struct numeric_limits {
  static constexpr bool is_specialized = false;
};

#define MSL_INTEGER_LIMITS(T)                                                                                          \
  template <> struct numeric_limits<T> {                                                                               \
    static constexpr bool is_specialized = true, is_integer = true, is_exact = true, is_bounded = true;                \
    static constexpr bool is_signed = msl::is_signed<T>, is_modulo = !is_signed;                                       \
    static constexpr bool has_infinity = false, has_quiet_NaN = false;                                                 \
    static constexpr int radix = 2, digits = msl::width<T> - is_signed, digits10 = digits * 3 / 10;                    \
    static constexpr T min() { return msl::least<T>; }                                                                 \
    static constexpr T lowest() { return msl::least<T>; }                                                              \
    static constexpr T max() { return msl::greatest<T>; }                                                              \
    static constexpr T epsilon() { return 0; }                                                                         \
    static constexpr T infinity() { return 0; }                                                                        \
    static constexpr T quiet_NaN() { return 0; }                                                                       \
  };
MSL_INTEGERS(MSL_INTEGER_LIMITS)
#undef MSL_INTEGER_LIMITS
template <> struct numeric_limits<bool> {
  static constexpr bool is_specialized = true, is_integer = true, is_exact = true, is_bounded = true;
  static constexpr bool is_signed = false, is_modulo = false, has_infinity = false, has_quiet_NaN = false;
  static constexpr int radix = 2, digits = 1, digits10 = 0;
  static constexpr bool min() { return false; }
  static constexpr bool lowest() { return false; }
  static constexpr bool max() { return true; }
};

#define MSL_FLOAT_LIMITS(T, P, denormal)                                                                               \
  template <> struct numeric_limits<T> {                                                                               \
    static constexpr bool is_specialized = true, is_integer = false, is_exact = false, is_bounded = true;              \
    static constexpr bool is_signed = true, is_modulo = false, is_iec559 = true;                                       \
    static constexpr bool has_infinity = true, has_quiet_NaN = true, has_signaling_NaN = true;                         \
    static constexpr int radix = 2, digits = P##_MANT_DIG, digits10 = P##_DIG, max_digits10 = P##_DECIMAL_DIG;         \
    static constexpr int min_exponent = P##_MIN_EXP, max_exponent = P##_MAX_EXP;                                       \
    static constexpr int min_exponent10 = P##_MIN_10_EXP, max_exponent10 = P##_MAX_10_EXP;                             \
    static constexpr T min() { return P##_MIN; }                                                                       \
    static constexpr T lowest() { return -P##_MAX; }                                                                   \
    static constexpr T max() { return P##_MAX; }                                                                       \
    static constexpr T epsilon() { return P##_EPSILON; }                                                               \
    static constexpr T round_error() { return static_cast<T>(0.5f); }                                                  \
    static constexpr T infinity() { return static_cast<T>(__builtin_inff()); }                                         \
    static constexpr T quiet_NaN() { return static_cast<T>(__builtin_nanf("")); }                                      \
    static constexpr T signaling_NaN() { return quiet_NaN(); }                                                         \
    static constexpr T denorm_min() { return static_cast<T>(denormal); }                                               \
  };
MSL_FLOAT_LIMITS(float, FLT, 0x1p-149f)
MSL_FLOAT_LIMITS(_Float16, HALF, 0x1p-24f)
MSL_FLOAT_LIMITS(__bf16, BFLT, 0x1p-133f)
#undef MSL_FLOAT_LIMITS

} // namespace metal
