// A 64 x 64 tile of C a threadgroup: two SIMD-groups with 4 x 8 accumulators each. While one block of K is multiplied
// from threadgroup memory, the next is on its way through registers to the other half: one barrier a block.
//! grid: 64 * ceil_div(N, 64) ceil_div(M, 64) 1
//! threadgroup: 64 1 1
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint DEPTH = 16;
constant constexpr uint THREADS = 64;
constant constexpr uint PART = TILE / (THREADS / 32); // rows of a SIMD-group's share of the tile
constant constexpr uint A_STRIDE = DEPTH + 4;         // padding keeps rows in different banks, 16-byte aligned
constant constexpr uint B_STRIDE = TILE + 4;
constant constexpr uint A_SIZE = TILE * A_STRIDE;
constant constexpr uint BLOCK = A_SIZE + DEPTH * B_STRIDE;
constant constexpr uint LOADS = TILE * DEPTH / (4 * THREADS);
constant constexpr uint A_STEP = THREADS / (DEPTH / 4); // rows that one load of all threads covers
constant constexpr uint B_STEP = THREADS / (TILE / 4);

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

kernel void sqr_matmul_f32(device const float *A [[buffer(0)]], device const float *B [[buffer(1)]],
                           device float *C [[buffer(2)]], constant uint &M [[buffer(3)]],
                           constant uint &N [[buffer(4)]], constant uint &K [[buffer(5)]],
                           uint2 group [[threadgroup_position_in_grid]],
                           uint thread_index [[thread_index_in_threadgroup]],
                           uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 shared[2 * BLOCK / 4];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(shared);
  const uint first_row = group.y * TILE;
  const uint first_col = group.x * TILE;
  const uint part_row = simd * PART;

  simdgroup_matrix<float, 8, 8> sums[PART / 8][TILE / 8];
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < TILE / 8; ++j) {
      sums[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }

  // What this thread stages: LOADS float4s of A, A_STEP rows apart, and as many of B, B_STEP rows apart.
  const uint a_row = thread_index / (DEPTH / 4);
  const uint a_col = thread_index % (DEPTH / 4) * 4;
  const uint b_row = thread_index / (TILE / 4);
  const uint b_col = thread_index % (TILE / 4) * 4;
  device const float *a_source = A + ulong(first_row + a_row) * K + a_col;
  device const float *b_source = B + ulong(b_row) * N + first_col + b_col;
  const uint a_place = a_row * A_STRIDE + a_col;
  const uint b_place = A_SIZE + b_row * B_STRIDE + b_col;
  const bool whole_tile = first_row + TILE <= M && first_col + TILE <= N;
  const bool aligned = whole_tile && K % 4 == 0 && N % 4 == 0;

  float4 a_staged[LOADS];
  float4 b_staged[LOADS];
  uint half_offset = 0;
  for (uint k = 0; k < K + DEPTH; k += DEPTH) {
    // The block at k is fetched while the one before it, placed in the last round, is multiplied.
    if (aligned && k + DEPTH <= K) {
      for (uint i = 0; i < LOADS; ++i) {
        a_staged[i] = *reinterpret_cast<device const float4 *>(a_source + i * A_STEP * K + k);
        b_staged[i] = *reinterpret_cast<device const float4 *>(b_source + (i * B_STEP + k) * N);
      }
    } else if (k < K) {
      for (uint i = 0; i < LOADS; ++i) {
        a_staged[i] = load4(A, first_row + a_row + i * A_STEP, k + a_col, M, K);
        b_staged[i] = load4(B, k + b_row + i * B_STEP, first_col + b_col, K, N);
      }
    }
    if (k > 0) {
      threadgroup const float *a_block = blocks + half_offset + part_row * A_STRIDE;
      threadgroup const float *b_block = blocks + half_offset + A_SIZE;
      for (uint step = 0; step < DEPTH; step += 8) {
        simdgroup_matrix<float, 8, 8> a[PART / 8];
        for (uint i = 0; i < PART / 8; ++i) {
          simdgroup_load(a[i], a_block + 8 * i * A_STRIDE + step, A_STRIDE);
        }
        for (uint j = 0; j < TILE / 8; ++j) {
          simdgroup_matrix<float, 8, 8> b;
          simdgroup_load(b, b_block + step * B_STRIDE + 8 * j, B_STRIDE);
          for (uint i = 0; i < PART / 8; ++i) {
            simdgroup_multiply_accumulate(sums[i][j], a[i], b, sums[i][j]);
          }
        }
      }
      half_offset = BLOCK - half_offset;
    }
    if (k < K) {
      for (uint i = 0; i < LOADS; ++i) {
        threadgroup float *block = blocks + half_offset;
        *reinterpret_cast<threadgroup float4 *>(block + a_place + i * A_STEP * A_STRIDE) = a_staged[i];
        *reinterpret_cast<threadgroup float4 *>(block + b_place + i * B_STEP * B_STRIDE) = b_staged[i];
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (whole_tile) {
    device float *part = C + ulong(first_row + part_row) * N + first_col;
    for (uint i = 0; i < PART / 8; ++i) {
      for (uint j = 0; j < TILE / 8; ++j) {
        simdgroup_store(sums[i][j], part + 8 * i * ulong(N) + 8 * j, N);
      }
    }
    return;
  }
  // An edge tile goes through threadgroup memory, because a matrix store knows no bounds.
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < TILE / 8; ++j) {
      simdgroup_store(sums[i][j], blocks + (part_row + 8 * i) * TILE + 8 * j, TILE);
    }
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const uint cols = min(TILE, N - first_col);
  const uint rows = min(TILE, M - first_row);
  for (uint i = thread_index; i < rows * TILE; i += THREADS) {
    if (i % TILE < cols) {
      C[ulong(first_row + i / TILE) * N + first_col + i % TILE] = blocks[i];
    }
  }
}
