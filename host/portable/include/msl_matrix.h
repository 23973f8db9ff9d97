// msl_matrix.h: floatNxM and halfNxM (MSL 2.3, 6.8): N columns of M rows, column-major.
#pragma once

#include "msl_geometric.h"

namespace metal {

template <class T, int C, int R> class matrix {
public:
  using msl_column = vec<T, R>;
  msl_column columns[C];

  matrix() = default;
  // A scalar makes a diagonal matrix.
  MSL_FUNC explicit constexpr matrix(T s) : columns{} {
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; ++r)
        columns[c][r] = r == c ? s : T(0);
  }
  template <class... V,
            enable_if_t<sizeof...(V) == C && (__is_convertible(V, msl_column) && ...) && (!__is_arithmetic(V) && ...),
                        int> = 0>
  MSL_FUNC constexpr matrix(V... v) : columns{static_cast<msl_column>(v)...} {}
  // Columns in braces.
  template <int K = C, enable_if_t<K == 2, int> = 0>
  MSL_FUNC constexpr matrix(const msl_column &a, const msl_column &b) : columns{a, b} {}
  template <int K = C, enable_if_t<K == 3, int> = 0>
  MSL_FUNC constexpr matrix(const msl_column &a, const msl_column &b, const msl_column &c) : columns{a, b, c} {}
  template <int K = C, enable_if_t<K == 4, int> = 0>
  MSL_FUNC constexpr matrix(const msl_column &a, const msl_column &b, const msl_column &c, const msl_column &d)
      : columns{a, b, c, d} {}
  template <class... S, enable_if_t<sizeof...(S) == C && (__is_arithmetic(S) && ...), int> = 0> matrix(S...) = delete;
  template <class... S, enable_if_t<sizeof...(S) == C * R && (__is_arithmetic(S) && ...), int> = 0>
  MSL_FUNC constexpr matrix(S... s) : columns{} {
    const T values[] = {static_cast<T>(s)...};
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; ++r)
        columns[c][r] = values[c * R + r];
  }
  template <class U> MSL_FUNC explicit constexpr matrix(const matrix<U, C, R> &o) : columns{} {
    for (int c = 0; c < C; ++c)
      columns[c] = msl_column(o.columns[c]);
  }

  MSL_FUNC constexpr msl_column &operator[](int c) { return columns[c]; }
  MSL_FUNC constexpr const msl_column &operator[](int c) const { return columns[c]; }

#define MSL_MATRIX_BY_COLUMN(op)                                                                                       \
  friend MSL_FUNC constexpr matrix operator op(const matrix &a, const matrix &b) {                                     \
    matrix r = a;                                                                                                      \
    for (int c = 0; c < C; ++c)                                                                                        \
      r.columns[c] = a.columns[c] op b.columns[c];                                                                     \
    return r;                                                                                                          \
  }                                                                                                                    \
  MSL_FUNC constexpr matrix &operator op##=(const matrix & b) { return *this = *this op b; }
  MSL_MATRIX_BY_COLUMN(+)
  MSL_MATRIX_BY_COLUMN(-)
#undef MSL_MATRIX_BY_COLUMN
  friend MSL_FUNC constexpr matrix operator-(const matrix &a) { return a * T(-1); }
  friend MSL_FUNC constexpr matrix operator*(const matrix &a, T s) {
    matrix r = a;
    for (int c = 0; c < C; ++c)
      r.columns[c] = a.columns[c] * s;
    return r;
  }
  friend MSL_FUNC constexpr matrix operator*(T s, const matrix &a) { return a * s; }
  friend MSL_FUNC constexpr matrix operator/(const matrix &a, T s) { return a * (T(1) / s); }
  MSL_FUNC constexpr matrix &operator*=(T s) { return *this = *this * s; }
  friend MSL_FUNC constexpr msl_column operator*(const matrix &a, const vec<T, C> &v) {
    msl_column sum = a.columns[0] * v[0];
    for (int c = 1; c < C; ++c)
      sum += a.columns[c] * v[c];
    return sum;
  }
  friend MSL_FUNC constexpr vec<T, C> operator*(const vec<T, R> &v, const matrix &a) {
    vec<T, C> r(T(0));
    for (int c = 0; c < C; ++c)
      r[c] = static_cast<T>(msl::dot(v, a.columns[c]));
    return r;
  }
  friend MSL_FUNC constexpr bool operator==(const matrix &a, const matrix &b) {
    for (int c = 0; c < C; ++c)
      for (int r = 0; r < R; ++r)
        if (a.columns[c][r] != b.columns[c][r])
          return false;
    return true;
  }
  friend MSL_FUNC constexpr bool operator!=(const matrix &a, const matrix &b) { return !(a == b); }
};

template <class T, int K, int R, int C>
MSL_FUNC constexpr matrix<T, C, R> operator*(const matrix<T, K, R> &a, const matrix<T, C, K> &b) {
  matrix<T, C, R> r(T(0));
  for (int c = 0; c < C; ++c)
    r.columns[c] = a * b.columns[c];
  return r;
}
template <class T, int N> MSL_FUNC constexpr matrix<T, N, N> &operator*=(matrix<T, N, N> &a, const matrix<T, N, N> &b) {
  return a = a * b;
}

template <class T, int C, int R> MSL_FUNC constexpr matrix<T, R, C> transpose(const matrix<T, C, R> &a) {
  matrix<T, R, C> r(T(0));
  for (int i = 0; i < C; ++i)
    for (int j = 0; j < R; ++j)
      r.columns[j][i] = a.columns[i][j];
  return r;
}
template <class T> MSL_FUNC constexpr T determinant(const matrix<T, 2, 2> &a) {
  return a[0].x * a[1].y - a[1].x * a[0].y;
}
template <class T> MSL_FUNC constexpr T determinant(const matrix<T, 3, 3> &a) { return dot(a[0], cross(a[1], a[2])); }
template <class T> MSL_FUNC constexpr T determinant(const matrix<T, 4, 4> &a) {
  // The 2x2 minors of the upper and of the lower two rows.
  const auto upper = [&a](int i, int j) { return a[i].x * a[j].y - a[j].x * a[i].y; };
  const auto lower = [&a](int i, int j) { return a[i].z * a[j].w - a[j].z * a[i].w; };
  return upper(0, 1) * lower(2, 3) - upper(0, 2) * lower(1, 3) + upper(0, 3) * lower(1, 2) + upper(1, 2) * lower(0, 3) -
         upper(1, 3) * lower(0, 2) + upper(2, 3) * lower(0, 1);
}

#define MSL_MATRIX_NAMES(C, R)                                                                                         \
  using float##C##x##R = matrix<float, C, R>;                                                                          \
  using half##C##x##R = matrix<_Float16, C, R>;
#define MSL_MATRIX_SHAPES(M) M(2, 2) M(2, 3) M(2, 4) M(3, 2) M(3, 3) M(3, 4) M(4, 2) M(4, 3) M(4, 4)
// half##... is pasted before half is read as a macro: the pasted name is half2x2.
MSL_MATRIX_SHAPES(MSL_MATRIX_NAMES)

} // namespace metal

#define MSL_MATRIX_EXPORT(C, R)                                                                                        \
  using metal::float##C##x##R;                                                                                         \
  using metal::half##C##x##R;
MSL_MATRIX_SHAPES(MSL_MATRIX_EXPORT)
#undef MSL_MATRIX_NAMES
#undef MSL_MATRIX_EXPORT
#undef MSL_MATRIX_SHAPES
