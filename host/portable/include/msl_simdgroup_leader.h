// msl_simdgroup_leader.h: simdgroup_matrix as the first lane of a SIMD-group sees it: all 64 elements, and all of the
// work.
#pragma once

#include "msl_checked.h"
#include "msl_simdgroup_math.h"

namespace msl_leader {

template <class T, int Columns = 8, int Rows = 8> class simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8 by 8");

public:
  simdgroup_matrix() = default;
  // A diagonal matrix.
  explicit simdgroup_matrix(T value) { msl::matrix_diagonal(msl_elements, value); }
  alignas(32) T msl_elements[64];
};

template <class T, int Columns = 8, int Rows = 8>
MSL_FUNC simdgroup_matrix<T, Columns, Rows> make_filled_simdgroup_matrix(T value) {
  simdgroup_matrix<T, Columns, Rows> m;
  msl::matrix_fill(m.msl_elements, value);
  return m;
}

template <class T>
MSL_FUNC void simdgroup_load(simdgroup_matrix<T, 8, 8> &d, const T *source, unsigned long elements_per_row = 8,
                             ::metal::vec<unsigned long, 2> origin = 0, bool transpose = false) {
  msl::checked_matrix();
  msl::matrix_load(d.msl_elements, source, elements_per_row, origin, transpose);
}
template <class T>
MSL_FUNC void simdgroup_store(const simdgroup_matrix<T, 8, 8> &a, T *target, unsigned long elements_per_row = 8,
                              ::metal::vec<unsigned long, 2> origin = 0, bool transpose = false) {
  msl::checked_matrix();
  msl::matrix_store(a.msl_elements, target, elements_per_row, origin, transpose);
}

template <class D, class A, class B>
MSL_FUNC void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &d, const simdgroup_matrix<A, 8, 8> &a,
                                 const simdgroup_matrix<B, 8, 8> &b) {
  msl::checked_matrix();
  msl::matrix_multiply(d.msl_elements, a.msl_elements, b.msl_elements);
}
template <class D, class A, class B, class C>
MSL_FUNC void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &d, const simdgroup_matrix<A, 8, 8> &a,
                                            const simdgroup_matrix<B, 8, 8> &b, const simdgroup_matrix<C, 8, 8> &c) {
  msl::checked_matrix();
  msl::matrix_multiply_add(d.msl_elements, a.msl_elements, b.msl_elements, c.msl_elements);
}
template <class T>
MSL_FUNC simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8> &a, const simdgroup_matrix<T, 8, 8> &b) {
  simdgroup_matrix<T, 8, 8> d;
  simdgroup_multiply(d, a, b);
  return d;
}

} // namespace msl_leader
