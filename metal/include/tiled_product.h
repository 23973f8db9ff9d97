// A 64 x COLS tile of a float32 matrix product a threadgroup of 64 threads: two SIMD-groups with 32 rows each. While
// one block of K is multiplied from threadgroup memory, the next is on its way through registers to the other half: one
// barrier a block. Operands are functors, so that gathers, norms and several matrices cost no copy of this loop.
#pragma once
#include <metal_simdgroup_matrix>
#include <metal_stdlib>

namespace tiled {

using namespace metal;

constant constexpr uint ROWS = 64;
constant constexpr uint DEPTH = 16;
constant constexpr uint THREADS = 64;
constant constexpr uint PART = ROWS / (THREADS / 32); // rows of a SIMD-group's share of the tile
constant constexpr uint PADDING = 4;                  // keeps rows in different banks, 16-byte aligned
constant constexpr uint K_STRIDE = DEPTH + PADDING;   // of operands that are staged with K running along rows
constant constexpr uint K_STEP = THREADS / (DEPTH / 4);
constant constexpr uint LEFT_SIZE = ROWS * K_STRIDE;
constant constexpr uint LEFT_LOADS = ROWS / K_STEP;

// Where a thread stands, and what its threadgroup computes.
struct Place {
  uint first_row;
  uint first_col;
  uint thread_index;
  uint simd;
};

template <uint COLS, bool TRANSPOSED> struct Sizes {
  static constant constexpr uint STRIDE = COLS + PADDING; // of the right operand as it lies, and of results
  static constant constexpr uint RIGHT_LOADS = COLS * DEPTH / (4 * THREADS);
  static constant constexpr uint RIGHT_STEP = TRANSPOSED ? K_STEP : THREADS / (COLS / 4);
  static constant constexpr uint RIGHT_SIZE = TRANSPOSED ? COLS * K_STRIDE : DEPTH * STRIDE;
  static constant constexpr uint BLOCK = LEFT_SIZE + RIGHT_SIZE;
  static constant constexpr uint QUADS = (2 * BLOCK > ROWS * STRIDE ? 2 * BLOCK : ROWS * STRIDE) / 4; // storage
};

template <uint COLS> struct Sums {
  simdgroup_matrix<float, 8, 8> at[PART / 8][COLS / 8];
};

// Four neighbours in a row, zero from column `cols` on. Rows start 16-byte aligned only if the stride is a multiple
// of 4.
inline float4 load4(device const float *row, uint col, uint cols, bool aligned) {
  if (aligned && col + 4 <= cols) {
    return *reinterpret_cast<device const float4 *>(row + col);
  }
  float4 values = float4(0.0f);
  for (uint i = 0; i < 4 && col + i < cols; ++i) {
    values[i] = row[col + i];
  }
  return values;
}

inline void store4(device float *row, uint col, uint cols, bool aligned, float4 values) {
  if (aligned && col + 4 <= cols) {
    *reinterpret_cast<device float4 *>(row + col) = values;
    return;
  }
  for (uint i = 0; i < 4 && col + i < cols; ++i) {
    row[col + i] = values[i];
  }
}

// The plain operand: a row-major matrix, zero outside. `i` numbers the loads that a thread makes for one block.
struct Matrix {
  device const float *values;
  uint rows;
  uint cols;
  float4 operator()(uint i, uint row, uint col) const {
    return row < rows ? load4(values + ulong(row) * cols, col, cols, cols % 4 == 0) : float4(0.0f);
  }
};

// sums = left @ right at `at`, over k < K. left(i, row, k) and right(i, k, col) give four neighbours in a row; of a
// TRANSPOSED right operand, right(i, col, k) gives four neighbours along K. What lies outside they give as zero.
template <uint COLS, bool TRANSPOSED, typename Left, typename Right>
void multiply(thread Sums<COLS> &sums, thread Left &left, thread Right &right, uint K, threadgroup float *blocks,
              thread const Place &at) {
  typedef Sizes<COLS, TRANSPOSED> Size;
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < COLS / 8; ++j) {
      sums.at[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }
  const uint left_row = at.thread_index / (DEPTH / 4);
  const uint left_k = at.thread_index % (DEPTH / 4) * 4;
  const uint right_row = TRANSPOSED ? left_row : at.thread_index / (COLS / 4);
  const uint right_col = TRANSPOSED ? left_k : at.thread_index % (COLS / 4) * 4;
  const uint right_stride = TRANSPOSED ? K_STRIDE : Size::STRIDE;
  const uint left_place = left_row * K_STRIDE + left_k;
  const uint right_place = LEFT_SIZE + right_row * right_stride + right_col;

  float4 left_staged[LEFT_LOADS];
  float4 right_staged[Size::RIGHT_LOADS];
  uint half_offset = 0;
  for (uint k = 0; k < K + DEPTH; k += DEPTH) {
    // The block at k is fetched while the one before it, placed in the last round, is multiplied.
    if (k < K) {
      for (uint i = 0; i < LEFT_LOADS; ++i) {
        left_staged[i] = left(i, at.first_row + left_row + i * K_STEP, k + left_k);
      }
      for (uint i = 0; i < Size::RIGHT_LOADS; ++i) {
        const uint row = right_row + i * Size::RIGHT_STEP;
        right_staged[i] =
            TRANSPOSED ? right(i, at.first_col + row, k + right_col) : right(i, k + row, at.first_col + right_col);
      }
    }
    if (k > 0) {
      threadgroup const float *left_block = blocks + half_offset + at.simd * PART * K_STRIDE;
      threadgroup const float *right_block = blocks + half_offset + LEFT_SIZE;
      for (uint step = 0; step < DEPTH; step += 8) {
        simdgroup_matrix<float, 8, 8> a[PART / 8];
        for (uint i = 0; i < PART / 8; ++i) {
          simdgroup_load(a[i], left_block + 8 * i * K_STRIDE + step, K_STRIDE);
        }
        for (uint j = 0; j < COLS / 8; ++j) {
          simdgroup_matrix<float, 8, 8> b;
          if (TRANSPOSED) {
            simdgroup_load(b, right_block + 8 * j * K_STRIDE + step, K_STRIDE, ulong2(0), true);
          } else {
            simdgroup_load(b, right_block + step * Size::STRIDE + 8 * j, Size::STRIDE);
          }
          for (uint i = 0; i < PART / 8; ++i) {
            simdgroup_multiply_accumulate(sums.at[i][j], a[i], b, sums.at[i][j]);
          }
        }
      }
      half_offset = Size::BLOCK - half_offset;
    }
    if (k < K) {
      threadgroup float *block = blocks + half_offset;
      for (uint i = 0; i < LEFT_LOADS; ++i) {
        *reinterpret_cast<threadgroup float4 *>(block + left_place + i * K_STEP * K_STRIDE) = left_staged[i];
      }
      for (uint i = 0; i < Size::RIGHT_LOADS; ++i) {
        const uint place = right_place + i * Size::RIGHT_STEP * right_stride;
        *reinterpret_cast<threadgroup float4 *>(block + place) = right_staged[i];
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}

// The tile where the blocks were, rows COLS + PADDING apart, for epilogues that look beyond one element.
template <uint COLS> void place(thread const Sums<COLS> &sums, threadgroup float *tile, thread const Place &at) {
  constexpr uint STRIDE = COLS + PADDING;
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < COLS / 8; ++j) {
      simdgroup_store(sums.at[i][j], tile + (at.simd * PART + 8 * i) * STRIDE + 8 * j, STRIDE);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
}

// each(row, col, values) for every four neighbours of a placed tile whose first lies inside M x N.
template <uint COLS, typename Each>
void for_quads(threadgroup const float *tile, uint M, uint N, thread const Place &at, thread Each &each) {
  for (uint quad = at.thread_index; quad < ROWS * COLS / 4; quad += THREADS) {
    const uint row = quad / (COLS / 4);
    const uint col = quad % (COLS / 4) * 4;
    if (at.first_row + row < M && at.first_col + col < N) {
      threadgroup const float *values = tile + row * (COLS + PADDING) + col;
      each(at.first_row + row, at.first_col + col, *reinterpret_cast<threadgroup const float4 *>(values));
    }
  }
}

// What `store` leaves unchanged.
struct Identity {
  float4 operator()(uint row, uint col, float4 values) const { return values; }
};

// Writes map(row, col, values) of what for_quads gives into a row-major matrix.
template <typename Map> struct Mapped {
  device float *out;
  uint cols;
  Map map;
  void operator()(uint row, uint col, float4 values) const {
    store4(out + ulong(row) * cols, col, cols, cols % 4 == 0, map(row, col, values));
  }
};

// out = map(sums), M x N.
template <uint COLS, typename Map>
void store(thread const Sums<COLS> &sums, device float *out, uint M, uint N, threadgroup float *blocks,
           thread const Place &at, Map map) {
  place(sums, blocks, at);
  Mapped<Map> each = {out, N, map};
  for_quads<COLS>(blocks, M, N, at, each);
}

// An epilogue that adds a matrix of the same shape.
struct Added {
  device const float *values;
  uint cols;
  float4 operator()(uint row, uint col, float4 z) const {
    return z + load4(values + ulong(row) * cols, col, cols, cols % 4 == 0);
  }
};

// out = sums, M x N. Only an edge tile goes through threadgroup memory: a matrix store knows no bounds.
template <uint COLS>
void store(thread const Sums<COLS> &sums, device float *out, uint M, uint N, threadgroup float *blocks,
           thread const Place &at) {
  if (at.first_row + ROWS > M || at.first_col + COLS > N) {
    store(sums, out, M, N, blocks, at, Identity());
    return;
  }
  device float *part = out + ulong(at.first_row + at.simd * PART) * N + at.first_col;
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < COLS / 8; ++j) {
      simdgroup_store(sums.at[i][j], part + 8 * i * ulong(N) + 8 * j, N);
    }
  }
}

} // namespace tiled
