// msl_simdgroup_per_lane.h: simdgroup_matrix with two elements a lane, for kernels that look at them through
// thread_elements(). Lane l, q = l / 4, holds row (q & 4) + l / 2 % 4, columns (q & 2) * 2 + l % 2 * 2 and the next:
// what kernels written for Apple hardware assume.
#pragma once

#include "msl_simd.h"
#include "msl_simdgroup_math.h"

namespace msl {

struct LanePlace {
  uint32_t row, column;
};
MSL_FUNC constexpr LanePlace lane_place(uint32_t lane) {
  return {(lane / 4 & 4) + lane / 2 % 4, (lane / 4 & 2) * 2 + lane % 2 * 2};
}

template <class D, class A, class B, class C> struct LaneProduct {
  D *d;
  const A *a;
  const B *b;
  const C *c;

  template <class T> static void spread(T *matrix, void *const *slots, uint32_t active, const T *LaneProduct::*part) {
    for (int lane = 0; lane < lanes; ++lane) {
      const LanePlace at = lane_place(lane);
      const bool present = is_active(active, lane);
      for (int i = 0; i < 2; ++i)
        matrix[at.row * matrix_size + at.column + i] =
            present ? (slot<LaneProduct>(slots, lane).*part)[i] : poison_scalar<T>();
    }
  }
  static void combine(void *const *slots, uint32_t active, const void *) {
    alignas(32) D product[64];
    alignas(32) A left[64];
    alignas(32) B right[64];
    alignas(32) C addend[64];
    spread(left, slots, active, &LaneProduct::a);
    spread(right, slots, active, &LaneProduct::b);
    if (slot<LaneProduct>(slots, __builtin_ctz(active)).c) {
      spread(addend, slots, active, &LaneProduct::c);
      matrix_multiply_add(product, left, right, addend);
    } else {
      matrix_multiply(product, left, right);
    }
    for (uint32_t rest = active; rest; rest &= rest - 1) {
      const int lane = __builtin_ctz(rest);
      const LanePlace at = lane_place(lane);
      D *mine = slot<LaneProduct>(slots, lane).d;
      mine[0] = product[at.row * matrix_size + at.column];
      mine[1] = product[at.row * matrix_size + at.column + 1];
    }
  }
};

#ifdef MSL_LANES
// Where lanes run as one: operations of the SIMD-group on what each lane holds.
template <class T> struct LanePair {
  T first, second;
};
template <class T> MSL_LANES_CALL LanePair<T> lanes_matrix_load(const T *source, unsigned long stride, bool transpose);
template <class T>
MSL_LANES_CALL void lanes_matrix_store(T first, T second, T *target, unsigned long stride, bool transpose);
template <class D, class A, class B, class C>
MSL_LANES_CALL LanePair<D> lanes_matrix_product(A a0, A a1, B b0, B b1, C c0, C c1);
#endif

} // namespace msl

namespace msl_per_lane {

template <class T, int Columns = 8, int Rows = 8> class simdgroup_matrix {
  static_assert(Columns == 8 && Rows == 8, "simdgroup_matrix is 8 by 8");

public:
  using storage_type = ::metal::vec<T, 2>;
  simdgroup_matrix() = default;
  // A diagonal matrix.
  explicit simdgroup_matrix(T value) {
    const msl::LanePlace at = msl::lane_place(msl::own_lane());
    msl_elements = storage_type(at.row == at.column ? value : T(0), at.row == at.column + 1 ? value : T(0));
  }
  storage_type &thread_elements() { return msl_elements; }
  const storage_type &thread_elements() const { return msl_elements; }
  storage_type msl_elements;
};

template <class T, int Columns = 8, int Rows = 8>
MSL_FUNC simdgroup_matrix<T, Columns, Rows> make_filled_simdgroup_matrix(T value) {
  simdgroup_matrix<T, Columns, Rows> m;
  m.msl_elements = value;
  return m;
}

template <class T>
MSL_FUNC void simdgroup_load(simdgroup_matrix<T, 8, 8> &d, const T *source, unsigned long elements_per_row = 8,
                             ::metal::vec<unsigned long, 2> origin = 0, bool transpose = false) {
  msl::checked_matrix();
  source += origin.y * elements_per_row + origin.x;
#ifdef MSL_LANES
  const auto held = msl::lanes_matrix_load(source, elements_per_row, transpose);
  d.msl_elements = {held.first, held.second};
#else
  const msl::LanePlace at = msl::lane_place(msl::own_lane());
  if (transpose)
    d.msl_elements = {source[at.column * elements_per_row + at.row],
                      source[(at.column + 1) * elements_per_row + at.row]};
  else
    d.msl_elements = {source[at.row * elements_per_row + at.column], source[at.row * elements_per_row + at.column + 1]};
#endif
}
template <class T>
MSL_FUNC void simdgroup_store(const simdgroup_matrix<T, 8, 8> &a, T *target, unsigned long elements_per_row = 8,
                              ::metal::vec<unsigned long, 2> origin = 0, bool transpose = false) {
  msl::checked_matrix();
  target += origin.y * elements_per_row + origin.x;
#ifdef MSL_LANES
  msl::lanes_matrix_store<T>(a.msl_elements.x, a.msl_elements.y, target, elements_per_row, transpose);
#else
  const msl::LanePlace at = msl::lane_place(msl::own_lane());
  target[transpose ? at.column * elements_per_row + at.row : at.row * elements_per_row + at.column] = a.msl_elements.x;
  target[transpose ? (at.column + 1) * elements_per_row + at.row : at.row * elements_per_row + at.column + 1] =
      a.msl_elements.y;
#endif
}

template <class D, class A, class B>
MSL_FUNC void simdgroup_multiply(simdgroup_matrix<D, 8, 8> &d, const simdgroup_matrix<A, 8, 8> &a,
                                 const simdgroup_matrix<B, 8, 8> &b, MSL_SITE) {
  msl::checked_matrix();
#ifdef MSL_LANES
  const auto held = msl::lanes_matrix_product<D, A, B, D>(a.msl_elements.x, a.msl_elements.y, b.msl_elements.x,
                                                          b.msl_elements.y, D(0), D(0));
  d.msl_elements = {held.first, held.second};
  (void)msl_site;
#else
  msl::LaneProduct<D, A, B, D> mine{&d.msl_elements.x, &a.msl_elements.x, &b.msl_elements.x, nullptr};
  msl_simd_collective(&mine, mine.combine, nullptr, msl_site.number);
#endif
}
template <class D, class A, class B, class C>
MSL_FUNC void simdgroup_multiply_accumulate(simdgroup_matrix<D, 8, 8> &d, const simdgroup_matrix<A, 8, 8> &a,
                                            const simdgroup_matrix<B, 8, 8> &b, const simdgroup_matrix<C, 8, 8> &c,
                                            MSL_SITE) {
  msl::checked_matrix();
#ifdef MSL_LANES
  const auto held = msl::lanes_matrix_product<D, A, B, C>(a.msl_elements.x, a.msl_elements.y, b.msl_elements.x,
                                                          b.msl_elements.y, c.msl_elements.x, c.msl_elements.y);
  d.msl_elements = {held.first, held.second};
  (void)msl_site;
#else
  msl::LaneProduct<D, A, B, C> mine{&d.msl_elements.x, &a.msl_elements.x, &b.msl_elements.x, &c.msl_elements.x};
  msl_simd_collective(&mine, mine.combine, nullptr, msl_site.number);
#endif
}
// An operator has no room for the call site: the line of this header stands for all of them, and the path tells them
// apart.
template <class T>
MSL_FUNC simdgroup_matrix<T, 8, 8> operator*(const simdgroup_matrix<T, 8, 8> &a, const simdgroup_matrix<T, 8, 8> &b) {
  simdgroup_matrix<T, 8, 8> d;
  simdgroup_multiply(d, a, b);
  return d;
}

} // namespace msl_per_lane
