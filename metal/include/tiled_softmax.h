// Softmax over rows that are wider than a tile: the largest value and the sum of exponentials of each row of a tile,
// and how statistics of several tiles combine.
#pragma once
#include "tiled_product.h"

namespace tiled {

constant constexpr float LOWEST = -1e37f; // finite, because fast mathematics knows no infinity

// x: the largest value, y: the sum of exponentials of what lies below it.
inline float2 merged(float2 a, float2 b) {
  const float largest = max(a.x, b.x);
  return float2(largest, a.y * exp(a.x - largest) + b.y * exp(b.x - largest));
}

// statistics[row * tiles + tile] of the rows of a placed 64 x 64 tile; a quad of lanes shares a row.
inline void row_statistics(threadgroup const float *tile, device float2 *statistics, uint rows, uint cols,
                           thread const Place &at) {
  const uint tiles = (cols + 63) / 64;
  for (uint pass = 0; pass < ROWS / 16; ++pass) {
    const uint row = at.thread_index / 4 + 16 * pass;
    threadgroup const float4 *values = reinterpret_cast<threadgroup const float4 *>(tile + row * (64 + PADDING));
    float4 kept[4];
    float4 largest = float4(LOWEST);
    for (uint i = 0; i < 4; ++i) {
      const uint quad = 4 * i + at.thread_index % 4;
      const uint4 col = at.first_col + 4 * quad + uint4(0, 1, 2, 3);
      kept[i] = select(float4(LOWEST), values[quad], col < cols);
      largest = max(largest, kept[i]);
    }
    const float top = quad_max(max(max(largest.x, largest.y), max(largest.z, largest.w)));
    float4 sums = float4(0.0f);
    for (uint i = 0; i < 4; ++i) {
      sums += exp(kept[i] - top);
    }
    const float total = quad_sum((sums.x + sums.y) + (sums.z + sums.w));
    if (at.thread_index % 4 == 0 && at.first_row + row < rows) {
      statistics[ulong(at.first_row + row) * tiles + at.first_col / 64] = float2(top, total);
    }
  }
}

// The statistics of a whole row from those of its tiles, in every lane of a SIMD-group.
inline float2 whole_row(device const float2 *statistics, uint row, uint cols, uint lane) {
  const uint tiles = (cols + 63) / 64;
  float2 own = float2(LOWEST, 0.0f);
  for (uint tile = lane; tile < tiles; tile += 32) {
    own = merged(own, statistics[ulong(row) * tiles + tile]);
  }
  const float largest = simd_max(own.x);
  return float2(largest, simd_sum(own.y * exp(own.x - largest)));
}

} // namespace tiled
