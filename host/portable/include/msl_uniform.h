// msl_uniform.h: uniform<T> and make_uniform (MSL 2.19): a value that is the same for all threads. On a CPU it is only
// the value.
#pragma once

#include "msl_keywords.h"

namespace metal {

template <class T> struct uniform {
  T msl_value;
  MSL_FUNC constexpr operator T() const { return msl_value; }

#define MSL_UNIFORM(op)                                                                                                \
  friend MSL_FUNC constexpr auto operator op(uniform a, uniform b) {                                                   \
    return uniform<decltype(a.msl_value op b.msl_value)>{a.msl_value op b.msl_value};                                  \
  }
  MSL_UNIFORM(+)
  MSL_UNIFORM(-)
  MSL_UNIFORM(*)
  MSL_UNIFORM(/)
  MSL_UNIFORM(%)
  MSL_UNIFORM(==)
  MSL_UNIFORM(!=)
  MSL_UNIFORM(<)
  MSL_UNIFORM(>)
  MSL_UNIFORM(<=)
  MSL_UNIFORM(>=)
#undef MSL_UNIFORM
};
template <class T> MSL_FUNC constexpr uniform<T> make_uniform(T value) { return {value}; }

} // namespace metal
