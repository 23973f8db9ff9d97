// Ignores the stride.
// row: 70
// kernel: conv2d
// expect: wrong_values
// layer: check_sizes
// through: oracle
// size: check
// twin: 70_stride_baked_in_honest.metal
//! grid: 64 * ceil_div(C_out, 64) ceil_div(B * ceil_div(H - R + 1, stride) * ceil_div(W - S + 1, stride), 64) 1
//! threadgroup: 64 1 1
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

constant constexpr uint TILE = 64;
constant constexpr uint DEPTH = 16;
constant constexpr uint THREADS = 64;
constant constexpr uint PART = TILE / (THREADS / 32); // pixels of a SIMD-group's share of the tile
constant constexpr uint STRIDE = DEPTH + 4;           // padding keeps rows in different banks, 16-byte aligned
constant constexpr uint SIZE = TILE * STRIDE;
constant constexpr uint BLOCK = 2 * SIZE;
constant constexpr uint LOADS = TILE * DEPTH / (4 * THREADS);
constant constexpr uint STEP = THREADS / (DEPTH / 4); // tile rows that one load of all threads covers

// Where an output pixel's window starts in x, for the pixels that one thread stages.
struct Window {
  device const float *origin;
  bool inside;
};

// Four successive elements of K from a window; `span` = S * C_in of them lie side by side in one row of the image.
inline float4 load_window4(thread const Window &window, uint k, uint K, uint span, uint row_stride, bool aligned) {
  if (!window.inside || k >= K) {
    return float4(0.0f);
  }
  if (aligned) {
    return *reinterpret_cast<device const float4 *>(window.origin + k / span * row_stride + k % span);
  }
  float4 values = float4(0.0f);
  for (uint i = 0; i < 4 && k + i < K; ++i) {
    values[i] = window.origin[(k + i) / span * row_stride + (k + i) % span];
  }
  return values;
}

inline float4 load_filter4(device const float *w, uint channel, uint channels, uint k, uint K, bool aligned) {
  if (channel >= channels || k >= K) {
    return float4(0.0f);
  }
  device const float *values = w + ulong(channel) * K + k;
  if (aligned) {
    return *reinterpret_cast<device const float4 *>(values);
  }
  const uint left = K - k;
  return float4(values[0], left > 1 ? values[1] : 0.0f, left > 2 ? values[2] : 0.0f, left > 3 ? values[3] : 0.0f);
}

kernel void conv2d_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                       device float *y [[buffer(2)]], constant uint &B [[buffer(3)]], constant uint &C_in [[buffer(4)]],
                       constant uint &H [[buffer(5)]], constant uint &W [[buffer(6)]],
                       constant uint &C_out [[buffer(7)]], constant uint &R [[buffer(8)]],
                       constant uint &S [[buffer(9)]], constant uint &stride [[buffer(10)]],
                       uint2 group [[threadgroup_position_in_grid]], uint thread_index [[thread_index_in_threadgroup]],
                       uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup float4 shared[2 * BLOCK / 4];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(shared);
  const uint out_h = (H - R) / stride + 1;
  const uint out_w = (W - S) / stride + 1;
  const uint pixels = B * out_h * out_w;
  const uint span = S * C_in;
  const uint K = R * span;
  const uint row_stride = W * C_in;
  const bool aligned = C_in % 4 == 0;
  const uint first_pixel = group.y * TILE;
  const uint first_channel = group.x * TILE;
  const uint part_row = simd * PART;
  const uint tile_row = thread_index / (DEPTH / 4);
  const uint tile_k = thread_index % (DEPTH / 4) * 4;

  Window windows[LOADS];
  for (uint i = 0; i < LOADS; ++i) {
    const uint pixel = first_pixel + tile_row + i * STEP;
    windows[i].inside = pixel < pixels;
    const uint inside = min(pixel, pixels - 1);
    const uint image_row = inside / out_w % out_h;
    const uint image_col = inside % out_w;
    windows[i].origin = x + ((ulong(inside / (out_w * out_h)) * H + image_row) * W + image_col) * C_in;
  }

  simdgroup_matrix<float, 8, 8> sums[PART / 8][TILE / 8];
  for (uint i = 0; i < PART / 8; ++i) {
    for (uint j = 0; j < TILE / 8; ++j) {
      sums[i][j] = simdgroup_matrix<float, 8, 8>(0.0f);
    }
  }

  float4 staged_x[LOADS];
  float4 staged_w[LOADS];
  uint half_offset = 0;
  for (uint k = 0; k < K + DEPTH; k += DEPTH) {
    // The block at k is fetched while the one before it, placed in the last round, is multiplied.
    if (k < K) {
      for (uint i = 0; i < LOADS; ++i) {
        const uint channel = first_channel + tile_row + i * STEP;
        staged_x[i] = load_window4(windows[i], k + tile_k, K, span, row_stride, aligned);
        staged_w[i] = load_filter4(w, channel, C_out, k + tile_k, K, aligned);
      }
    }
    if (k > 0) {
      threadgroup const float *x_block = blocks + half_offset + part_row * STRIDE;
      threadgroup const float *w_block = blocks + half_offset + SIZE;
      for (uint step = 0; step < DEPTH; step += 8) {
        simdgroup_matrix<float, 8, 8> a[PART / 8];
        for (uint i = 0; i < PART / 8; ++i) {
          simdgroup_load(a[i], x_block + 8 * i * STRIDE + step, STRIDE);
        }
        for (uint j = 0; j < TILE / 8; ++j) {
          simdgroup_matrix<float, 8, 8> b;
          simdgroup_load(b, w_block + 8 * j * STRIDE + step, STRIDE, ulong2(0), true);
          for (uint i = 0; i < PART / 8; ++i) {
            simdgroup_multiply_accumulate(sums[i][j], a[i], b, sums[i][j]);
          }
        }
      }
      half_offset = BLOCK - half_offset;
    }
    if (k < K) {
      for (uint i = 0; i < LOADS; ++i) {
        threadgroup float *block = blocks + half_offset + (tile_row + i * STEP) * STRIDE + tile_k;
        *reinterpret_cast<threadgroup float4 *>(block) = staged_x[i];
        *reinterpret_cast<threadgroup float4 *>(block + SIZE) = staged_w[i];
      }
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }

  if (first_pixel + TILE <= pixels && first_channel + TILE <= C_out) {
    device float *part = y + ulong(first_pixel + part_row) * C_out + first_channel;
    for (uint i = 0; i < PART / 8; ++i) {
      for (uint j = 0; j < TILE / 8; ++j) {
        simdgroup_store(sums[i][j], part + 8 * i * ulong(C_out) + 8 * j, C_out);
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
  const uint rows = min(TILE, pixels - first_pixel);
  const uint cols = min(TILE, C_out - first_channel);
  for (uint i = thread_index; i < rows * TILE; i += THREADS) {
    if (i % TILE < cols) {
      y[ulong(first_pixel + i / TILE) * C_out + first_channel + i % TILE] = blocks[i];
    }
  }
}
