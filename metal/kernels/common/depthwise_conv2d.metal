// A threadgroup takes 8 columns and 32 channels, one line of memory a pixel, and walks down 32 rows of the output. A
// ring of image rows in threadgroup memory lets every row be loaded once; the next row arrives while this one is
// computed.
//! dispatch depthwise_conv2d_f32 grid: 64 * ceil_div(C, 32) ceil_div((W - S) / stride + 1, 8) B * ceil_div((H - R) / stride + 1, 32) threadgroup: 64 1 1 tgmem 0: 128 * (R * S + (R + stride) * (7 * stride + S))
#include "row.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint THREADS = 64;
constant constexpr uint CHANNELS = 32;
constant constexpr uint QUADS = CHANNELS / 4;
constant constexpr uint COLS = THREADS / QUADS;
constant constexpr uint ROWS = 32;

// The part of an image that the threadgroup reads, and the ring that holds rows of it.
struct Strip {
  device const float *origin; // its first pixel
  uint cols;                  // that lie inside the image
  uint row_stride;
  uint width; // of the ring's rows, in pixels
  uint slots;
  uint first_channel;
  uint channels;

  void load_rows(threadgroup float4 *ring, uint first, uint last, uint thread_index) const {
    const uint quad = thread_index % QUADS;
    const uint channel = first_channel + 4 * quad;
    for (uint image_row = first; image_row < last; ++image_row) {
      threadgroup float4 *line = ring + image_row % slots * width * QUADS;
      for (uint col = thread_index / QUADS; col < width; col += COLS) {
        const bool inside = col < cols && channel < channels;
        device const float *pixel = origin + ulong(image_row) * row_stride + col * channels;
        line[col * QUADS + quad] = inside ? row::load4(pixel, channel, channels) : float4(0.0f);
      }
    }
  }
};

kernel void depthwise_conv2d_f32(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                                 device float *y [[buffer(2)]], constant uint &C [[buffer(4)]],
                                 constant uint &H [[buffer(5)]], constant uint &W [[buffer(6)]],
                                 constant uint &R [[buffer(7)]], constant uint &S [[buffer(8)]],
                                 constant uint &stride [[buffer(9)]], threadgroup float4 *storage [[threadgroup(0)]],
                                 uint3 group [[threadgroup_position_in_grid]],
                                 uint thread_index [[thread_index_in_threadgroup]]) {
  const uint out_h = (H - R) / stride + 1;
  const uint out_w = (W - S) / stride + 1;
  const uint parts = (out_h + ROWS - 1) / ROWS;
  const uint image = group.z / parts;
  const uint first_row = group.z % parts * ROWS;
  const uint first_col = group.y * COLS;
  const uint rows = min(ROWS, out_h - first_row);
  const uint taps = R * S;
  threadgroup float4 *filters = storage;
  threadgroup float4 *ring = storage + taps * QUADS;
  const ulong corner = (ulong(image) * H + first_row * stride) * W + first_col * stride;
  const Strip strip = {x + corner * C, W - first_col * stride, W * C, (COLS - 1) * stride + S,
                       R + stride,     group.x * CHANNELS,     C};

  // Filters lie by channel in memory and by tap here, four channels side by side.
  for (uint i = thread_index; i < CHANNELS * taps; i += THREADS) {
    const uint channel = strip.first_channel + i / taps;
    filters[i % taps * QUADS + i / taps / 4][i / taps % 4] = channel < C ? w[channel * taps + i % taps] : 0.0f;
  }
  strip.load_rows(ring, 0, R, thread_index);
  threadgroup_barrier(mem_flags::mem_threadgroup);

  const uint quad = thread_index % QUADS;
  const uint col = thread_index / QUADS;
  const uint channel = strip.first_channel + 4 * quad;
  const bool inside = first_col + col < out_w && channel < C;
  for (uint row = 0; row < rows; ++row) {
    const uint next = (row + 1) * stride;
    if (row + 1 < rows) {
      strip.load_rows(ring, max(next, row * stride + R), next + R, thread_index);
    }
    float4 sum = float4(0.0f);
    for (uint r = 0; r < R; ++r) {
      threadgroup const float4 *line = ring + ((row * stride + r) % strip.slots * strip.width + col * stride) * QUADS;
      for (uint s = 0; s < S; ++s) {
        sum = fma(line[s * QUADS + quad], filters[(r * S + s) * QUADS + quad], sum);
      }
    }
    if (inside) {
      const ulong pixel = (ulong(image) * out_h + first_row + row) * out_w + first_col + col;
      row::store4(y + pixel * C, channel, C, sum);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}
