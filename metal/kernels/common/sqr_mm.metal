// A 64 x 64 tile of C a threadgroup, 2 x 2 SIMD-groups with 4 x 4 accumulators each. While one block of K is multiplied
// from threadgroup memory, the next is on its way through registers to the other half, so a block costs one barrier.
//! grid: 128 * ceil_div(N, 64) ceil_div(M, 64) 1
//! threadgroup: 128 1 1
#include <metal_stdlib>
#include <metal_simdgroup_matrix>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint DEPTH = 16;
constant constexpr uint THREADS = 128;
constant constexpr uint PART = 32; // rows and columns of a SIMD-group's share of the tile
constant constexpr uint MATRICES = PART / 8;
constant constexpr uint A_STRIDE = DEPTH + 4; // padding keeps rows in different banks, 16-byte aligned
constant constexpr uint B_STRIDE = TILE + 4;
constant constexpr uint A_SIZE = TILE * A_STRIDE;
constant constexpr uint BLOCK = A_SIZE + DEPTH * B_STRIDE;
constant constexpr uint LOADS = TILE * DEPTH / (4 * THREADS);

// Four neighbours in a row, zero beyond the matrix. Rows start 16-byte aligned only if cols % 4 == 0.
inline float4 load4(device const float* matrix, uint row, uint col, uint rows, uint cols) {
  if (row >= rows || col >= cols) {
    return float4(0.0f);
  }
  device const float* values = matrix + ulong(row) * cols + col;
  if (cols % 4 == 0) {
    return *reinterpret_cast<device const float4*>(values);
  }
  const uint left = cols - col;
  return float4(values[0], left > 1 ? values[1] : 0.0f, left > 2 ? values[2] : 0.0f, left > 3 ? values[3] : 0.0f);
}

struct Staged {
  float4 a[LOADS];
  float4 b[LOADS];
};

inline void place(threadgroup float* block, thread const Staged& staged, uint thread_index) {
  for (uint i = 0; i < LOADS; ++i) {
    const uint quad = thread_index + i * THREADS;
    threadgroup float* a = block + quad / (DEPTH / 4) * A_STRIDE + quad % (DEPTH / 4) * 4;
    threadgroup float* b = block + A_SIZE + quad / (TILE / 4) * B_STRIDE + quad % (TILE / 4) * 4;
    *reinterpret_cast<threadgroup float4*>(a) = staged.a[i];
    *reinterpret_cast<threadgroup float4*>(b) = staged.b[i];
  }
}

kernel void sqr_matmul_f32(device const float* A [[buffer(0)]], device const float* B [[buffer(1)]],
                           device float* C [[buffer(2)]], constant uint& M [[buffer(3)]],
                           constant uint& N [[buffer(4)]], constant uint& K [[buffer(5)]],
                           uint2 group [[threadgroup_position_in_grid]],
                           uint thread_index [[thread_index_in_threadgroup]],
                           uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 shared[2 * BLOCK / 4];
  threadgroup float* blocks = reinterpret_cast<threadgroup float*>(shared);
  const uint first_row = group.y * TILE;
  const uint first_col = group.x * TILE;
  const uint part_row = simd / 2 * PART;
  const uint part_col = simd % 2 * PART;

  simdgroup_matrix<float, 8, 8> sums[MATRICES][MATRICES];
  for (uint i = 0; i < MATRICES; ++i) {
    for (uint j = 0; j < MATRICES; ++j) {
      sums[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }

  Staged staged;
  uint half_offset = 0;
  for (uint k = 0; k < K + DEPTH; k += DEPTH) {
    // The block at k is fetched while the one before it, placed in the last round, is multiplied.
    if (k < K) {
      for (uint i = 0; i < LOADS; ++i) {
        const uint quad = thread_index + i * THREADS;
        staged.a[i] = load4(A, first_row + quad / (DEPTH / 4), k + quad % (DEPTH / 4) * 4, M, K);
        staged.b[i] = load4(B, k + quad / (TILE / 4), first_col + quad % (TILE / 4) * 4, K, N);
      }
    }
    if (k > 0) {
      threadgroup const float* a_block = blocks + half_offset + part_row * A_STRIDE;
      threadgroup const float* b_block = blocks + half_offset + A_SIZE + part_col;
      for (uint step = 0; step < DEPTH; step += 8) {
        simdgroup_matrix<float, 8, 8> a[MATRICES];
        simdgroup_matrix<float, 8, 8> b[MATRICES];
        for (uint i = 0; i < MATRICES; ++i) {
          simdgroup_load(a[i], a_block + 8 * i * A_STRIDE + step, A_STRIDE);
          simdgroup_load(b[i], b_block + step * B_STRIDE + 8 * i, B_STRIDE);
        }
        for (uint i = 0; i < MATRICES; ++i) {
          for (uint j = 0; j < MATRICES; ++j) {
            simdgroup_multiply_accumulate(sums[i][j], a[i], b[j], sums[i][j]);
          }
        }
      }
      half_offset = BLOCK - half_offset;
    }
    if (k < K) {
      place(blocks + half_offset, staged, thread_index);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (first_row + TILE <= M && first_col + TILE <= N) {
    device float* part = C + ulong(first_row + part_row) * N + first_col + part_col;
    for (uint i = 0; i < MATRICES; ++i) {
      for (uint j = 0; j < MATRICES; ++j) {
        simdgroup_store(sums[i][j], part + 8 * i * ulong(N) + 8 * j, N);
      }
    }
    return;
  }
  // An edge tile goes through threadgroup memory, because a matrix store knows no bounds.
  for (uint i = 0; i < MATRICES; ++i) {
    for (uint j = 0; j < MATRICES; ++j) {
      simdgroup_store(sums[i][j], blocks + (part_row + 8 * i) * TILE + part_col + 8 * j, TILE);
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
