// msl_simdgroup_follower.h: simdgroup_matrix as the other lanes see it when lane 0 does the work: nothing happens here.
// Loads and stores are no meeting points: a lane sees what the leader stored only after a simdgroup_barrier or
// threadgroup_barrier, which MSL asks for as well.
#pragma once

#include "msl_checked.h"
#include "msl_names.h"

namespace msl_follower {

template <class T, int Columns = 8, int Rows = 8> class simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8 by 8");

public:
  simdgroup_matrix() = default;
  explicit simdgroup_matrix(T) {}
};

template <class T, int Columns = 8, int Rows = 8>
MSL_FUNC simdgroup_matrix<T, Columns, Rows> make_filled_simdgroup_matrix(T) {
  return simdgroup_matrix<T, Columns, Rows>();
}
template <class T>
MSL_FUNC void simdgroup_load(simdgroup_matrix<T, 8, 8> &, const T *, unsigned long = 8,
                             ::metal::vec<unsigned long, 2> = 0, bool = false) {
  msl::checked_matrix();
}
template <class T>
MSL_FUNC void simdgroup_store(const simdgroup_matrix<T, 8, 8> &, T *, unsigned long = 8,
                              ::metal::vec<unsigned long, 2> = 0, bool = false) {
  msl::checked_matrix();
}
template <class D, class A, class B>
MSL_FUNC void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &, const simdgroup_matrix<A, 8, 8> &,
                                 const simdgroup_matrix<B, 8, 8> &) {
  msl::checked_matrix();
}
template <class D, class A, class B, class C>
MSL_FUNC void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &, const simdgroup_matrix<A, 8, 8> &,
                                            const simdgroup_matrix<B, 8, 8> &, const simdgroup_matrix<C, 8, 8> &) {
  msl::checked_matrix();
}
template <class T>
MSL_FUNC simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8> &, const simdgroup_matrix<T, 8, 8> &) {
  msl::checked_matrix();
  return simdgroup_matrix<T, 8, 8>();
}

} // namespace msl_follower
