// silu(left @ gate) * (left @ up) by one tiled product: a tile holds 32 columns of each side by side, so that both meet
// in it.
#pragma once
#include "activation.h"
#include "tiled_product.h"

namespace tiled {

// Columns 64 t ... 64 t + 63 are columns 32 t ... 32 t + 31 of `gate`, then those of `up`; K x N, rows `stride` apart.
struct GatedColumns {
  device const float *gate;
  device const float *up;
  uint rows;
  uint cols;
  uint stride;
  float4 operator()(uint i, uint row, uint col) const {
    const uint own = col / 64 * 32 + col % 32;
    if (row >= rows) {
      return float4(0.0f);
    }
    return load4((col % 64 < 32 ? gate : up) + ulong(row) * stride, own, cols, stride % 4 == 0 && cols % 4 == 0);
  }
};

// out = silu(gate) * up, M x N, from a tile of both, each multiplied by the factor of its row.
template <typename Factor>
void store_gated(thread const Sums<64> &sums, device float *out, uint M, uint N, threadgroup float *blocks,
                 thread const Place &at, Factor factor) {
  place(sums, blocks, at);
  for (uint quad = at.thread_index; quad < ROWS * 8; quad += THREADS) {
    const uint row = at.first_row + quad / 8;
    const uint col = at.first_col / 2 + quad % 8 * 4;
    if (row < M && col < N) {
      threadgroup const float *values = blocks + quad / 8 * (64 + PADDING) + quad % 8 * 4;
      const float4 gate = *reinterpret_cast<threadgroup const float4 *>(values);
      const float4 up = *reinterpret_cast<threadgroup const float4 *>(values + 32);
      store4(out + ulong(row) * N, col, N, N % 4 == 0, silu(factor(row, col, gate)) * factor(row, col, up));
    }
  }
}

} // namespace tiled
