// msl_unpack.h: library functions over packed vectors, which as arguments stand for the vectors they convert to.
#pragma once

#include "msl_function_names.h"
#include "msl_geometric.h"
#include "msl_integer.h"
#include "msl_packed.h"
#include "msl_relational.h"

namespace msl {
template <class T> constexpr bool is_packed = false;
template <class T, int N> constexpr bool is_packed<metal::packed_vec<T, N>> = true;
template <class T> MSL_FUNC constexpr const T &unpacked(const T &x) { return x; }
template <class T, int N> MSL_FUNC constexpr vec<T, N> unpacked(const metal::packed_vec<T, N> &x) { return x; }
} // namespace msl

namespace metal {
#define MSL_UNPACK(name)                                                                                               \
  template <class... A, enable_if_t<(msl::is_packed<A> || ...), int> = 0> MSL_FUNC auto name(const A &...a) {          \
    return name(msl::unpacked(a)...);                                                                                  \
  }
MSL_MATH_NAMES(MSL_UNPACK)
MSL_GEOMETRIC_NAMES(MSL_UNPACK)
MSL_INTEGER_NAMES(MSL_UNPACK)
MSL_RELATIONAL_NAMES(MSL_UNPACK)
#undef MSL_UNPACK
} // namespace metal
