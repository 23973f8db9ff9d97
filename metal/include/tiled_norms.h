// Normalised rows as the left operand of a tiled product: RMS norms cost no pass of their own, layer norms take the
// moments of their rows from one.
#pragma once
#include "tiled_product.h"

namespace tiled {

// A matrix whose rows' squares are summed while they are staged.
struct SquaredRows {
  Matrix matrix;
  float squares[LEFT_LOADS] = {};
  float4 operator()(uint i, uint row, uint k) {
    const float4 values = matrix(i, row, k);
    squares[i] += dot(values, values);
    return values;
  }
};

// factors[r] = 1 / sqrt(mean of the squares of row r of the tile + eps): a quad has staged every row. The barrier in
// `place` orders them before what an epilogue reads.
inline void rms_factors(thread const SquaredRows &left, uint cols, float eps, threadgroup float *factors,
                        thread const Place &at) {
  for (uint i = 0; i < LEFT_LOADS; ++i) {
    const float total = quad_sum(left.squares[i]);
    if (at.thread_index % 4 == 0) {
      factors[at.thread_index / 4 + i * K_STEP] = rsqrt(total / float(cols) + eps);
    }
  }
}

// An epilogue: rows of the tile times their factors.
struct ScaledRows {
  threadgroup const float *factors;
  uint first_row;
  float4 operator()(uint row, uint col, float4 values) const { return values * factors[row - first_row]; }
};

// (mean, 1 / deviation) of a row by one SIMD-group, in every lane. The second pass sums what is left of the deviations
// too and corrects the mean, which holds where the mean is large.
inline float2 row_moments(device const float *row, uint cols, float eps, uint lane) {
  const bool aligned = cols % 4 == 0;
  float4 total = float4(0.0f);
  for (uint col = 4 * lane; col < cols; col += 128) {
    total += load4(row, col, cols, aligned);
  }
  const float mean = simd_sum((total.x + total.y) + (total.z + total.w)) / float(cols);
  float4 deviations = float4(0.0f);
  float4 squares = float4(0.0f);
  for (uint col = 4 * lane; col < cols; col += 128) {
    const float4 inside = select(float4(0.0f), float4(1.0f), col + uint4(0, 1, 2, 3) < cols);
    const float4 deviation = (load4(row, col, cols, aligned) - mean) * inside;
    deviations += deviation;
    squares += deviation * deviation;
  }
  const float2 sums = float2((deviations.x + deviations.y) + (deviations.z + deviations.w),
                             (squares.x + squares.y) + (squares.z + squares.w));
  const float2 moments = simd_sum(sums) / float(cols);
  return float2(mean + moments.x, rsqrt(max(moments.y - moments.x * moments.x, 0.0f) + eps));
}

// A matrix whose rows are normalised as they are staged. Beyond its last column it is not zero; the right operand is.
struct NormalisedRows {
  Matrix matrix;
  float2 moments[LEFT_LOADS];
  float4 operator()(uint i, uint row, uint k) const { return (matrix(i, row, k) - moments[i].x) * moments[i].y; }
};

inline NormalisedRows normalised(Matrix matrix, device const float2 *moments, thread const Place &at) {
  NormalisedRows rows = {matrix, {}};
  for (uint i = 0; i < LEFT_LOADS; ++i) {
    const uint row = at.first_row + at.thread_index / (DEPTH / 4) + i * K_STEP;
    rows.moments[i] = row < matrix.rows ? moments[row] : float2(0.0f);
  }
  return rows;
}

} // namespace tiled
