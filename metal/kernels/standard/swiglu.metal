// Both products of a 32 x 64 tile in one pass over X, a set of accumulators each; the gate is applied where the tiles
// meet in threadgroup memory. Blocks of K are double-buffered through registers: one barrier a block.
//! grid: 64 * ceil_div(N, 64) ceil_div(M, 32) 1
//! threadgroup: 64 1 1
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE_ROWS = 32;
constant constexpr uint TILE_COLS = 64;
constant constexpr uint DEPTH = 16;
constant constexpr uint THREADS = 64;
constant constexpr uint PART = TILE_ROWS / (THREADS / 32); // rows of a SIMD-group's share of the tile
constant constexpr uint X_STRIDE = DEPTH + 4;              // padding keeps rows in different banks, 16-byte aligned
constant constexpr uint W_STRIDE = TILE_COLS + 4;
constant constexpr uint X_SIZE = TILE_ROWS * X_STRIDE;
constant constexpr uint W_SIZE = DEPTH * W_STRIDE;
constant constexpr uint BLOCK = X_SIZE + 2 * W_SIZE;
constant constexpr uint X_LOADS = TILE_ROWS * DEPTH / (4 * THREADS);
constant constexpr uint W_LOADS = TILE_COLS * DEPTH / (4 * THREADS);
constant constexpr uint X_STEP = THREADS / (DEPTH / 4); // rows that one load of all threads covers
constant constexpr uint W_STEP = THREADS / (TILE_COLS / 4);
constant constexpr uint RESULT_SIZE = TILE_ROWS * W_STRIDE;

static_assert(RESULT_SIZE <= BLOCK, "the results fit where the blocks were");

// Four neighbours in a row, zero beyond the matrix. Rows start 16-byte aligned only if cols % 4 == 0.
inline float4 load4(device const float *matrix, uint row, uint col, uint rows, uint cols) {
  if (row >= rows || col >= cols) {
    return float4(0.0f);
  }
  device const float *values = matrix + ulong(row) * cols + col;
  if (cols % 4 == 0) {
    return *reinterpret_cast<device const float4 *>(values);
  }
  const uint left = cols - col;
  return float4(values[0], left > 1 ? values[1] : 0.0f, left > 2 ? values[2] : 0.0f, left > 3 ? values[3] : 0.0f);
}

kernel void swiglu_f32(device const float *X [[buffer(0)]], device const float *Wg [[buffer(1)]],
                       device const float *Wu [[buffer(2)]], device float *Y [[buffer(3)]],
                       constant uint &M [[buffer(4)]], constant uint &N [[buffer(5)]], constant uint &K [[buffer(6)]],
                       uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                       uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 shared[2 * BLOCK / 4];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(shared);
  const uint first_row = group.y * TILE_ROWS;
  const uint first_col = group.x * TILE_COLS;
  const uint part_row = simd * PART;

  simdgroup_matrix<float, 8, 8> gate[PART / 8][TILE_COLS / 8];
  simdgroup_matrix<float, 8, 8> up[PART / 8][TILE_COLS / 8];
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < TILE_COLS / 8; ++j) {
      gate[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
      up[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }

  // What this thread stages: float4s of X, X_STEP rows apart, and of both weights, W_STEP rows apart.
  const uint x_row = thread_index / (DEPTH / 4);
  const uint x_col = thread_index % (DEPTH / 4) * 4;
  const uint w_row = thread_index / (TILE_COLS / 4);
  const uint w_col = thread_index % (TILE_COLS / 4) * 4;
  float4 x_staged[X_LOADS];
  float4 gate_staged[W_LOADS];
  float4 up_staged[W_LOADS];
  uint half_offset = 0;
  for (uint k = 0; k < K + DEPTH; k += DEPTH) {
    // The block at k is fetched while the one before it, placed in the last round, is multiplied.
    if (k < K) {
      for (uint i = 0; i < X_LOADS; ++i) {
        x_staged[i] = load4(X, first_row + x_row + i * X_STEP, k + x_col, M, K);
      }
      for (uint i = 0; i < W_LOADS; ++i) {
        gate_staged[i] = load4(Wg, k + w_row + i * W_STEP, first_col + w_col, K, N);
        up_staged[i] = load4(Wu, k + w_row + i * W_STEP, first_col + w_col, K, N);
      }
    }
    if (k > 0) {
      threadgroup const float *x_block = blocks + half_offset + part_row * X_STRIDE;
      threadgroup const float *gate_block = blocks + half_offset + X_SIZE;
      threadgroup const float *up_block = gate_block + W_SIZE;
      for (uint step = 0; step < DEPTH; step += 8) {
        simdgroup_matrix<float, 8, 8> x[PART / 8];
        for (uint i = 0; i < PART / 8; ++i) {
          simdgroup_load(x[i], x_block + 8 * i * X_STRIDE + step, X_STRIDE);
        }
        for (uint j = 0; j < TILE_COLS / 8; ++j) {
          simdgroup_matrix<float, 8, 8> gate_weights;
          simdgroup_matrix<float, 8, 8> up_weights;
          simdgroup_load(gate_weights, gate_block + step * W_STRIDE + 8 * j, W_STRIDE);
          simdgroup_load(up_weights, up_block + step * W_STRIDE + 8 * j, W_STRIDE);
          for (uint i = 0; i < PART / 8; ++i) {
            simdgroup_multiply_accumulate(gate[i][j], x[i], gate_weights, gate[i][j]);
            simdgroup_multiply_accumulate(up[i][j], x[i], up_weights, up[i][j]);
          }
        }
      }
      half_offset = BLOCK - half_offset;
    }
    if (k < K) {
      threadgroup float *x_place = blocks + half_offset + x_row * X_STRIDE + x_col;
      threadgroup float *w_place = blocks + half_offset + X_SIZE + w_row * W_STRIDE + w_col;
      for (uint i = 0; i < X_LOADS; ++i) {
        *reinterpret_cast<threadgroup float4 *>(x_place + i * X_STEP * X_STRIDE) = x_staged[i];
      }
      for (uint i = 0; i < W_LOADS; ++i) {
        *reinterpret_cast<threadgroup float4 *>(w_place + i * W_STEP * W_STRIDE) = gate_staged[i];
        *reinterpret_cast<threadgroup float4 *>(w_place + W_SIZE + i * W_STEP * W_STRIDE) = up_staged[i];
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < TILE_COLS / 8; ++j) {
      threadgroup float *result = blocks + (part_row + 8 * i) * W_STRIDE + 8 * j;
      simdgroup_store(gate[i][j], result, W_STRIDE);
      simdgroup_store(up[i][j], result + RESULT_SIZE, W_STRIDE);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const uint rows = min(TILE_ROWS, M - first_row);
  const uint cols = min(TILE_COLS, N - first_col);
  for (uint i = thread_index; i < rows * TILE_COLS; i += THREADS) {
    const uint row = i / TILE_COLS;
    const uint col = i % TILE_COLS;
    if (col < cols) {
      const float z = blocks[row * W_STRIDE + col];
      const float factor = blocks[RESULT_SIZE + row * W_STRIDE + col];
      Y[ulong(first_row + row) * N + first_col + col] = z / (1.0f + exp(-z)) * factor;
    }
  }
}
