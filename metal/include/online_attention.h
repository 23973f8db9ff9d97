// Attention by online softmax over blocks of 32 keys, shared in threadgroup memory by four SIMD-groups of 8 queries. A
// quad of lanes owns a row of scores; older sums are rescaled by a product with a diagonal matrix, so no layout is
// assumed. One threadgroup of 128 threads computes 32 queries of one head, up to 128 wide.
#pragma once
#include <metal_simdgroup_matrix>
#include <metal_stdlib>

namespace online_attention {

using namespace metal;

constant constexpr uint THREADS = 128;
constant constexpr uint SIMD_GROUPS = THREADS / 32;
constant constexpr uint QUERIES = 8 * SIMD_GROUPS;
constant constexpr uint KEYS = 32;
constant constexpr uint MAX_WIDTH = 128;
constant constexpr uint PADDING = 4; // keeps rows in different banks, 16-byte aligned
constant constexpr uint SCORE_STRIDE = KEYS + PADDING;
constant constexpr uint SCORES_SIZE = 8 * SCORE_STRIDE;
constant constexpr uint TILE_QUADS = KEYS * (MAX_WIDTH + PADDING) / 4;
constant constexpr uint SCORE_QUADS = SIMD_GROUPS * SCORES_SIZE / 4;
constant constexpr float LOWEST = -1e37f; // of masked scores: finite, because fast mathematics knows no infinity

static_assert(QUERIES == KEYS, "queries and keys are staged in the same tile");

typedef simdgroup_matrix<float, 8, 8> Block;

// Rows of `width` values that lie `stride` apart.
struct Rows {
  device const float *values;
  uint stride;
};

// One head: softmax(scale * Q @ K^T) @ V; a causal one lets query i see keys 0 ... i.
struct Head {
  Rows Q;
  Rows K;
  Rows V;
  device float *O;
  uint o_stride;
  uint queries;
  uint keys;
  uint width;
  float scale;
  bool causal;
};

// Threadgroup memory of a kernel that calls `attend`, and where its thread stands.
struct Memory {
  threadgroup float *tile;
  threadgroup float *scores;
  threadgroup float *diagonal; // 64 a SIMD-group
};

struct Thread {
  uint index;
  uint simd;
  uint lane;
};

// Rows first ... first + 31, times `scale`, into the tile; zero beyond `count` rows and `width` columns.
template <uint WIDTH>
void stage(threadgroup float *tile, Rows source, uint first, uint count, uint width, float scale, uint thread_index) {
  const bool aligned = width % 4 == 0 && source.stride % 4 == 0;
  for (uint quad = thread_index; quad < KEYS * WIDTH / 4; quad += THREADS) {
    const uint row = quad / (WIDTH / 4);
    const uint col = quad % (WIDTH / 4) * 4;
    float4 values = float4(0.0f);
    if (first + row < count && col < width) {
      device const float *from = source.values + ulong(first + row) * source.stride + col;
      if (aligned) {
        values = *reinterpret_cast<device const float4 *>(from);
      } else {
        for (uint i = 0; i < min(4u, width - col); ++i) {
          values[i] = from[i];
        }
      }
    }
    *reinterpret_cast<threadgroup float4 *>(tile + row * (WIDTH + PADDING) + col) = values * scale;
  }
}

template <uint PARTS> void attend_parts(thread const Head &head, uint first_query, Memory memory, Thread at) {
  constexpr uint WIDTH = 8 * PARTS;
  constexpr uint STRIDE = WIDTH + PADDING;
  threadgroup float *tile = memory.tile;
  threadgroup float *scores = memory.scores + at.simd * SCORES_SIZE;
  threadgroup float *diagonal = memory.diagonal + at.simd * 64;
  const uint row = at.lane / 4;
  const uint query = first_query + 8 * at.simd + row;
  threadgroup float4 *row_scores =
      reinterpret_cast<threadgroup float4 *>(scores + row * SCORE_STRIDE + at.lane % 4 * 8);

  stage<WIDTH>(tile, head.Q, first_query, head.queries, head.width, head.scale, at.index);
  for (uint i = at.lane; i < 64; i += 32) {
    diagonal[i] = 0.0f;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  Block queries[PARTS];
  Block sums[PARTS];
  for (uint p = 0; p < PARTS; ++p) {
    simdgroup_load(queries[p], tile + 8 * at.simd * STRIDE + 8 * p, STRIDE);
    sums[p] = Block(0.0f);
  }

  float row_max = LOWEST;
  float row_total = 0.0f;
  const uint end = head.causal ? min(head.keys, first_query + QUERIES) : head.keys;
  for (uint first = 0; first < end; first += KEYS) {
    threadgroup_barrier(mem_flags::mem_threadgroup);
    stage<WIDTH>(tile, head.K, first, head.keys, head.width, 1.0f, at.index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint j = 0; j < KEYS / 8; ++j) {
      Block score = Block(0.0f);
      for (uint p = 0; p < PARTS; ++p) {
        Block keys;
        simdgroup_load(keys, tile + 8 * j * STRIDE + 8 * p, STRIDE, ulong2(0), true);
        simdgroup_multiply_accumulate(score, queries[p], keys, score);
      }
      simdgroup_store(score, scores + 8 * j, SCORE_STRIDE);
    }
    simdgroup_barrier(mem_flags::mem_threadgroup);

    const uint4 key = first + at.lane % 4 * 8 + uint4(0, 1, 2, 3);
    const uint seen = head.causal ? min(head.keys, query + 1) : head.keys;
    float4 low = select(float4(LOWEST), row_scores[0], key < seen);
    float4 high = select(float4(LOWEST), row_scores[1], key + 4 < seen);
    const float4 higher = max(low, high);
    const float new_max = max(row_max, quad_max(max(max(higher.x, higher.y), max(higher.z, higher.w))));
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
    stage<WIDTH>(tile, head.V, first, head.keys, head.width, 1.0f, at.index);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    Block weights[KEYS / 8];
    for (uint j = 0; j < KEYS / 8; ++j) {
      simdgroup_load(weights[j], scores + 8 * j, SCORE_STRIDE);
    }
    Block rescale;
    simdgroup_load(rescale, diagonal, 8);
    for (uint p = 0; p < PARTS; ++p) {
      Block sum;
      simdgroup_multiply(sum, rescale, sums[p]);
      for (uint j = 0; j < KEYS / 8; ++j) {
        Block values;
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
  Block normalise;
  simdgroup_load(normalise, diagonal, 8);
  for (uint p = 0; p < PARTS; ++p) {
    Block result;
    simdgroup_multiply(result, normalise, sums[p]);
    simdgroup_store(result, tile + 8 * at.simd * STRIDE + 8 * p, STRIDE);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  const uint rows = min(QUERIES, head.queries - first_query);
  for (uint i = at.index; i < rows * WIDTH; i += THREADS) {
    if (i % WIDTH < head.width) {
      head.O[ulong(first_query + i / WIDTH) * head.o_stride + i % WIDTH] = tile[i / WIDTH * STRIDE + i % WIDTH];
    }
  }
}

// Queries first_query ... first_query + 31 of a head.
inline void attend(thread const Head &head, uint first_query, Memory memory, Thread at) {
  if (head.width <= 32) {
    attend_parts<4>(head, first_query, memory, at);
  } else if (head.width <= 64) {
    attend_parts<8>(head, first_query, memory, at);
  } else {
    attend_parts<16>(head, first_query, memory, at);
  }
}

// Head h of rows that hold the queries of all heads, then the keys of `key_heads` heads, then their values; every key
// head serves heads / key_heads query heads. The result lies beside that of the other heads in rows of O.
inline Head packed_head(device const float *rows, device float *O, uint count, uint heads, uint key_heads, uint width,
                        uint h) {
  const uint stride = (heads + 2 * key_heads) * width;
  const uint shared_head = h / (heads / key_heads);
  device const float *keys = rows + (heads + shared_head) * width;
  device const float *values = keys + key_heads * width;
  return {
      {rows + h * width, stride}, {keys, stride}, {values, stride}, O + h * width, heads * width, count, count, width,
      rsqrt(float(width)),        false};
}

} // namespace online_attention
