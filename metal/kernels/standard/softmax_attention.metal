// Online softmax over blocks of 32 keys, shared in threadgroup memory by four SIMD-groups of 8 queries. A quad of lanes
// owns a row of scores; older sums are rescaled by a product with a diagonal matrix, so no layout is assumed.
//! requires: D <= 128
//! grid: 128 * ceil_div(S, 32) 1 1
//! threadgroup: 128 1 1
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint SIMD_GROUPS = THREADS / 32;
constant constexpr uint QUERIES = 8 * SIMD_GROUPS;
constant constexpr uint KEYS = 32;
constant constexpr uint MAX_WIDTH = 128;
constant constexpr uint PADDING = 4; // keeps rows in different banks, 16-byte aligned
constant constexpr uint SCORE_STRIDE = KEYS + PADDING;
constant constexpr uint TILE_SIZE = KEYS * (MAX_WIDTH + PADDING);
constant constexpr uint SCORES_SIZE = 8 * SCORE_STRIDE;

static_assert(QUERIES == KEYS, "queries and keys are staged in the same tile");

typedef simdgroup_matrix<float, 8, 8> Matrix;

struct Problem {
  device const float *Q;
  device const float *K;
  device const float *V;
  device float *O;
  uint S;
  uint D;
};

struct Lane {
  uint thread_index;
  uint simd;
  uint lane;
};

// Rows first ... first + 31 of `source`, times `scale`, into the tile; zero beyond its S rows and D columns.
template <uint WIDTH>
void stage(threadgroup float *tile, device const float *source, uint first, uint S, uint D, float scale,
           uint thread_index) {
  for (uint quad = thread_index; quad < KEYS * WIDTH / 4; quad += THREADS) {
    const uint row = quad / (WIDTH / 4);
    const uint col = quad % (WIDTH / 4) * 4;
    float4 values = float4(0.0f);
    if (first + row < S && col < D) {
      device const float *from = source + ulong(first + row) * D + col;
      if (D % 4 == 0) {
        values = *reinterpret_cast<device const float4 *>(from);
      } else {
        for (uint i = 0; i < min(4u, D - col); ++i) {
          values[i] = from[i];
        }
      }
    }
    *reinterpret_cast<threadgroup float4 *>(tile + row * (WIDTH + PADDING) + col) = values * scale;
  }
}

template <uint PARTS>
void attend(thread const Problem &problem, uint first_query, threadgroup float *tile, threadgroup float *scores,
            threadgroup float *diagonal, thread const Lane &at) {
  constexpr uint WIDTH = 8 * PARTS;
  constexpr uint STRIDE = WIDTH + PADDING;
  const uint S = problem.S;
  const uint D = problem.D;
  const uint row = at.lane / 4;
  threadgroup float4 *row_scores =
      reinterpret_cast<threadgroup float4 *>(scores + row * SCORE_STRIDE + at.lane % 4 * 8);

  stage<WIDTH>(tile, problem.Q, first_query, S, D, rsqrt(float(D)), at.thread_index);
  for (uint i = at.lane; i < 64; i += 32) {
    diagonal[i] = 0.0f;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  Matrix queries[PARTS];
  Matrix sums[PARTS];
  for (uint p = 0; p < PARTS; ++p) {
    simdgroup_load(queries[p], tile + 8 * at.simd * STRIDE + 8 * p, STRIDE);
    sums[p] = Matrix(0.0f);
  }

  float row_max = -INFINITY;
  float row_total = 0.0f;
  for (uint first = 0; first < S; first += KEYS) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    stage<WIDTH>(tile, problem.K, first, S, D, 1.0f, at.thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint j = 0; j < KEYS / 8; ++j) {
      Matrix score = Matrix(0.0f);
      for (uint p = 0; p < PARTS; ++p) {
        Matrix keys;
        simdgroup_load(keys, tile + 8 * j * STRIDE + 8 * p, STRIDE, ulong2(0), true);
        simdgroup_multiply_accumulate(score, queries[p], keys, score);
      }
      simdgroup_store(score, scores + 8 * j, SCORE_STRIDE);
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);

    const uint4 key = first + at.lane % 4 * 8 + uint4(0, 1, 2, 3);
    float4 low = select(float4(-INFINITY), row_scores[0], key < S);
    float4 high = select(float4(-INFINITY), row_scores[1], key + 4 < S);
    const float4 higher = max(low, high);
    const float block_max = quad_max(max(max(higher.x, higher.y), max(higher.z, higher.w)));
    const float new_max = max(row_max, block_max);
    const float shrink = exp(row_max - new_max);
    low = exp(low - new_max);
    high = exp(high - new_max);
    const float4 total = low + high;
    row_total = row_total * shrink + quad_sum((total.x + total.y) + (total.z + total.w));
    row_max = new_max;
    row_scores[0] = low;
    row_scores[1] = high;
    if (at.lane % 4 == 0) {
      diagonal[9 * row] = shrink;
    }

    // Every SIMD-group is done with K, and the weights are written.
    threadgroup_barrier(mem_flags::mem_threadgroup);
    stage<WIDTH>(tile, problem.V, first, S, D, 1.0f, at.thread_index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    Matrix weights[KEYS / 8];
    for (uint j = 0; j < KEYS / 8; ++j) {
      simdgroup_load(weights[j], scores + 8 * j, SCORE_STRIDE);
    }
    Matrix rescale;
    simdgroup_load(rescale, diagonal, 8);
    for (uint p = 0; p < PARTS; ++p) {
      Matrix sum;
      simdgroup_multiply(sum, rescale, sums[p]);
      for (uint j = 0; j < KEYS / 8; ++j) {
        Matrix values;
        simdgroup_load(values, tile + 8 * j * STRIDE + 8 * p, STRIDE);
        simdgroup_multiply_accumulate(sum, weights[j], values, sum);
      }
      sums[p] = sum;
    }
  }

  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (at.lane % 4 == 0) {
    diagonal[9 * row] = 1.0f / row_total;
  }
  simdgroup_barrier(mem_flags::mem_threadgroup);
  Matrix normalise;
  simdgroup_load(normalise, diagonal, 8);
  for (uint p = 0; p < PARTS; ++p) {
    Matrix result;
    simdgroup_multiply(result, normalise, sums[p]);
    simdgroup_store(result, tile + 8 * at.simd * STRIDE + 8 * p, STRIDE);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const uint rows = min(QUERIES, S - first_query);
  for (uint i = at.thread_index; i < rows * WIDTH; i += THREADS) {
    if (i % WIDTH < D) {
      problem.O[ulong(first_query + i / WIDTH) * D + i % WIDTH] = tile[i / WIDTH * STRIDE + i % WIDTH];
    }
  }
}

kernel void softmax_attention_f32(device const float *Q [[buffer(0)]], device const float *K [[buffer(1)]],
                                  device const float *V [[buffer(2)]], device float *O [[buffer(3)]],
                                  constant uint &S [[buffer(4)]], constant uint &D [[buffer(5)]],
                                  uint group [[threadgroup_position_in_grid]],
                                  uint thread_index [[thread_index_in_threadgroup]],
                                  uint simd [[simdgroup_index_in_threadgroup]],
                                  uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float4 tile_storage[TILE_SIZE / 4];
  threadgroup float4 score_storage[SIMD_GROUPS * SCORES_SIZE / 4];
  threadgroup float diagonals[SIMD_GROUPS][64];
  threadgroup float *tile = reinterpret_cast<threadgroup float *>(tile_storage);
  threadgroup float *scores = reinterpret_cast<threadgroup float *>(score_storage) + simd * SCORES_SIZE;
  const Problem problem = {Q, K, V, O, S, D};
  const Lane at = {thread_index, simd, lane};
  if (D <= 64) {
    attend<8>(problem, group * QUERIES, tile, scores, diagonals[simd], at);
  } else {
    attend<16>(problem, group * QUERIES, tile, scores, diagonals[simd], at);
  }
}
