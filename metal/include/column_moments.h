// Means and squared deviations of columns. A SIMD-group follows 128 columns, four a lane, over rows that a chunk gives
// it; parts are joined pairwise by their counts, so that no sum runs over all rows.
#pragma once

#include "row.h"

namespace column {

constant constexpr uint TILE = 4 * row::LANES;
constant constexpr uint SIMD_GROUPS = 8;

struct Moments {
  float count;
  float4 mean;
  float4 squares; // of deviations from the mean

  Moments joined(Moments other) const {
    const float both = count + other.count;
    const float share = both > 0.0f ? other.count / both : 0.0f;
    const float4 difference = other.mean - mean;
    return {both, mean + difference * share, squares + other.squares + difference * difference * (count * share)};
  }
};

// Of rows first, first + stride … below last; sums are taken relative to the first row.
inline Moments over_rows(device const float *x, uint first, uint last, uint stride, uint column, uint cols) {
  if (first >= last) {
    return {0.0f, float4(0.0f), float4(0.0f)};
  }
  const float4 origin = row::load4(x + ulong(first) * cols, column, cols);
  float4 sum = float4(0.0f);
  float4 squares = float4(0.0f);
  for (uint r = first + stride; r < last; r += stride) {
    const float4 difference = row::load4(x + ulong(r) * cols, column, cols) - origin;
    sum += difference;
    squares = fma(difference, difference, squares);
  }
  const float count = float((last - first - 1) / stride + 1);
  const float4 mean = sum / count;
  return {count, origin + mean, max(squares - sum * mean, 0.0f)};
}

struct Partials {
  float4 means[SIMD_GROUPS][row::LANES];
  float4 squares[SIMD_GROUPS][row::LANES];
};

// As the grid of the dispatch that writes the parts has it.
inline uint chunks_of(uint rows) { return min((rows + 63) / 64, 64u); }

inline uint rows_of(uint first, uint last, uint simd) { return (last - first + SIMD_GROUPS - 1 - simd) / SIMD_GROUPS; }

// The part of one tile of columns (group.x) and one chunk of rows (group.y): means, then squares, a row each of
// `parts`.
inline void write_part(device const float *x, device float *parts, uint rows, uint cols, uint2 group, uint lane,
                       uint simd, threadgroup Partials &partials) {
  const uint chunks = chunks_of(rows);
  const uint height = (rows + chunks - 1) / chunks;
  const uint first = min(group.y * height, rows);
  const uint last = min(first + height, rows);
  const uint column = group.x * TILE + 4 * lane;
  Moments moments = over_rows(x, first + simd, last, SIMD_GROUPS, column, cols);
  partials.means[simd][lane] = moments.mean;
  partials.squares[simd][lane] = moments.squares;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (simd == 0) {
    for (uint other = 1; other < SIMD_GROUPS; ++other) {
      const float count = float(rows_of(first, last, other));
      moments = moments.joined({count, partials.means[other][lane], partials.squares[other][lane]});
    }
    row::store4(parts + ulong(group.y) * cols, column, cols, moments.mean);
    row::store4(parts + ulong(chunks + group.y) * cols, column, cols, moments.squares);
  }
}

// Mean and 1 / sqrt(var + eps) of four columns from all parts: a row of means, then one of scales.
inline void write_statistics(device const float *parts, device float *statistics, uint rows, uint cols, float eps,
                             uint column) {
  const uint chunks = chunks_of(rows);
  const uint height = (rows + chunks - 1) / chunks;
  Moments moments = {0.0f, float4(0.0f), float4(0.0f)};
  for (uint chunk = 0; chunk < chunks; ++chunk) {
    const uint first = min(chunk * height, rows);
    const float count = float(min(first + height, rows) - first);
    moments = moments.joined({count, row::load4(parts + ulong(chunk) * cols, column, cols),
                              row::load4(parts + ulong(chunks + chunk) * cols, column, cols)});
  }
  row::store4(statistics, column, cols, moments.mean);
  row::store4(statistics + cols, column, cols, rsqrt(moments.squares / float(rows) + eps));
}

} // namespace column
