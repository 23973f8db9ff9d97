// Layers of small image networks, channels last: convolutions with a border of zeros, convolutions with max pooling,
// the global mean with a classifier. Sizes come as constants of the dispatch, from number 20 on.
#pragma once
#include "implicit_gemm.h"
#include "tiled_product.h"
#include <metal_stdlib>

namespace networks {

using namespace metal;

struct Relu {
  float4 operator()(uint, uint, float4 z) const { return max(z, 0.0f); }
};

struct AddedRelu {
  tiled::Added added;
  float4 operator()(uint row, uint col, float4 z) const { return max(added(row, col, z), 0.0f); }
};

// The 3 x 3 windows of all pixels of square images, which may be some of the `stride` channels of their pixels.
struct BorderedWindows {
  device const float *x;
  uint side;
  uint channels;
  uint stride;
  uint pixels;
  uint2 places[tiled::LEFT_LOADS]; // row and column in the image of the pixels that a thread stages

  static BorderedWindows of(device const float *x, uint images, uint side, uint channels, uint stride,
                            thread const tiled::Place &at) {
    BorderedWindows windows = {x, side, channels, stride, images * side * side, {}};
    for (uint i = 0; i < tiled::LEFT_LOADS; ++i) {
      const uint pixel = at.first_row + at.thread_index / (tiled::DEPTH / 4) + i * tiled::K_STEP;
      windows.places[i] = uint2(pixel / side % side, pixel % side);
    }
    return windows;
  }

  // Where element k of a window lies; none in the border.
  device const float *find(uint i, uint pixel, uint k) const {
    const uint tap = k / channels;
    const uint2 place = places[i] + uint2(tap / 3, tap % 3) - 1;
    if (place.x >= side || place.y >= side) {
      return nullptr;
    }
    return x + ulong(pixel + tap / 3 * side + tap % 3 - side - 1) * stride + k % channels;
  }

  float4 operator()(uint i, uint pixel, uint k) const {
    float4 values = float4(0.0f);
    if (pixel >= pixels || k >= 9 * channels) {
      return values;
    }
    if (channels % 4 == 0 && stride % 4 == 0) {
      device const float *from = find(i, pixel, k);
      return from == nullptr ? values : *reinterpret_cast<device const float4 *>(from);
    }
    for (uint j = 0; j < 4 && k + j < 9 * channels; ++j) {
      device const float *from = find(i, pixel, k + j);
      values[j] = from == nullptr ? 0.0f : *from;
    }
    return values;
  }
};

// Writes what for_quads gives into some of the `stride` channels of each pixel.
template <typename Map> struct Channels {
  device float *y;
  uint count;
  uint stride;
  Map map;
  void operator()(uint pixel, uint channel, float4 values) const {
    const bool aligned = count % 4 == 0 && stride % 4 == 0;
    tiled::store4(y + ulong(pixel) * stride, channel, count, aligned, map(pixel, channel, values));
  }
};

// Filters are few in these networks, so a tile has 16 columns.
constant constexpr uint COLS = 16;
typedef tiled::Sizes<COLS, true> Sizes;

// 64 pixels and 16 filters of map(x convolved with w).
template <typename Map>
void convolve(thread BorderedWindows &windows, device const float *w, device float *y, uint filters, uint stride,
              threadgroup float *blocks, thread const tiled::Place &at, Map map) {
  const uint K = 9 * windows.channels;
  tiled::Matrix right = {w, filters, K};
  tiled::Sums<COLS> sums;
  tiled::multiply<COLS, true>(sums, windows, right, K, blocks, at);
  tiled::place(sums, blocks, at);
  Channels<Map> each = {y, filters, stride, map};
  tiled::for_quads<COLS>(blocks, windows.pixels, filters, at, each);
}

constant constexpr uint CLASSIFIER_THREADS = 256; // as many channels at most

// y = mean over the pixels of one image @ weights. A thread sums one channel of every few pixels, neighbours in turn.
inline void classify(device const float *image, device const float *weights, device float *y, uint pixels,
                     uint channels, uint classes, threadgroup float *sums, uint thread_index) {
  const uint active = CLASSIFIER_THREADS / channels * channels;
  float sum = 0.0f;
  for (uint i = thread_index; thread_index < active && i < pixels * channels; i += active) {
    sum += image[i];
  }
  sums[thread_index] = sum;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  float mean = 0.0f;
  for (uint i = thread_index; thread_index < channels && i < active; i += channels) {
    mean += sums[i];
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  sums[thread_index] = mean / float(pixels);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint n = thread_index; n < classes; n += CLASSIFIER_THREADS) {
    float total = 0.0f;
    for (uint c = 0; c < channels; ++c) {
      total += sums[c] * weights[c * classes + n];
    }
    y[n] = total;
  }
}

// Four successive rows of a product are the pixels of one 2 x 2 pool, so that a tile holds pools in full.
struct InPools {
  uint side; // of the pooled image
  uint4 operator()(uint row) const {
    const uint pool = row / 4;
    return uint4(2 * (pool % side) + row % 2, 2 * (pool / side % side) + row % 4 / 2, 0, pool / (side * side));
  }
};

// relu(maxpool(x convolved with w)) of 16 pools and WIDTH filters; without a border, square images and filters.
template <uint WIDTH>
void convolve_and_pool(device const float *x, device const float *w, device float *y, convolution::Shape shape,
                       uint images, uint filters, threadgroup float *blocks, thread const tiled::Place &at) {
  const uint side = shape.output().x / 2;
  const uint pools = images * side * side;
  convolution::Windows left = convolution::Windows::of(x, shape, 4 * pools, at, InPools{side});
  tiled::Matrix right = {w, filters, shape.K()};
  tiled::Sums<WIDTH> sums;
  tiled::multiply<WIDTH, true>(sums, left, right, shape.K(), blocks, at);
  tiled::place(sums, blocks, at);
  for (uint quad = at.thread_index; quad < tiled::ROWS / 4 * WIDTH / 4; quad += tiled::THREADS) {
    const uint row = quad / (WIDTH / 4);
    const uint col = quad % (WIDTH / 4) * 4;
    const uint pool = at.first_row / 4 + row;
    if (pool < pools && at.first_col + col < filters) {
      float4 largest = float4(0.0f);
      for (uint i = 0; i < 4; ++i) {
        threadgroup const float *values = blocks + (4 * row + i) * (WIDTH + tiled::PADDING) + col;
        largest = max(largest, *reinterpret_cast<threadgroup const float4 *>(values));
      }
      tiled::store4(y + ulong(pool) * filters, at.first_col + col, filters, filters % 4 == 0, largest);
    }
  }
}

} // namespace networks

// relu(x convolved with w), 3 x 3 with a border.
kernel void convolve_relu(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                          device float *y [[buffer(2)]], constant uint &images [[buffer(20)]],
                          constant uint &side [[buffer(21)]], constant uint &channels [[buffer(22)]],
                          constant uint &x_stride [[buffer(23)]], constant uint &filters [[buffer(24)]],
                          constant uint &y_stride [[buffer(25)]], uint2 group [[threadgroup_position_in_grid]],
                          uint thread_index [[thread_index_in_threadgroup]],
                          uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup metal::float4 storage[networks::Sizes::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, networks::COLS * group.x, thread_index, simd};
  networks::BorderedWindows windows = networks::BorderedWindows::of(x, images, side, channels, x_stride, at);
  networks::convolve(windows, w, y, filters, y_stride, blocks, at, networks::Relu());
}

// relu(h + x convolved with w), 3 x 3 with a border.
kernel void convolve_add_relu(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                              device float *y [[buffer(2)]], device const float *h [[buffer(3)]],
                              constant uint &images [[buffer(20)]], constant uint &side [[buffer(21)]],
                              constant uint &channels [[buffer(22)]], uint2 group [[threadgroup_position_in_grid]],
                              uint thread_index [[thread_index_in_threadgroup]],
                              uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup metal::float4 storage[networks::Sizes::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, networks::COLS * group.x, thread_index, simd};
  networks::BorderedWindows windows = networks::BorderedWindows::of(x, images, side, channels, channels, at);
  networks::convolve(windows, w, y, channels, channels, blocks, at, networks::AddedRelu{{h, channels}});
}

// relu(maxpool(x convolved with w)), no border, WIDTH filters a threadgroup.
template <uint WIDTH>
kernel void
convolve_pool(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]], device float *y [[buffer(2)]],
              constant uint &images [[buffer(20)]], constant uint &side [[buffer(21)]],
              constant uint &channels [[buffer(22)]], constant uint &taps [[buffer(23)]],
              constant uint &filters [[buffer(24)]], uint2 group [[threadgroup_position_in_grid]],
              uint thread_index [[thread_index_in_threadgroup]], uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup metal::float4 storage[tiled::Sizes<WIDTH, true>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, WIDTH * group.x, thread_index, simd};
  const convolution::Shape shape = {metal::uint3(side, side, 1), metal::uint3(taps, taps, 1), 1, channels};
  networks::convolve_and_pool<WIDTH>(x, w, y, shape, images, filters, blocks, at);
}

template [[host_name("convolve_pool_32")]] kernel void
convolve_pool<32>(device const float *, device const float *, device float *, constant uint &, constant uint &,
                  constant uint &, constant uint &, constant uint &, uint2, uint, uint);
template [[host_name("convolve_pool_64")]] kernel void
convolve_pool<64>(device const float *, device const float *, device float *, constant uint &, constant uint &,
                  constant uint &, constant uint &, constant uint &, uint2, uint, uint);

// relu(x @ w), x images x inputs.
kernel void connect_relu(device const float *x [[buffer(0)]], device const float *w [[buffer(1)]],
                         device float *y [[buffer(2)]], constant uint &images [[buffer(20)]],
                         constant uint &inputs [[buffer(21)]], constant uint &outputs [[buffer(22)]],
                         uint2 group [[threadgroup_position_in_grid]],
                         uint thread_index [[thread_index_in_threadgroup]],
                         uint simd [[simdgroup_index_in_threadgroup]]) {
  threadgroup metal::float4 storage[tiled::Sizes<networks::COLS, false>::QUADS];
  threadgroup float *blocks = reinterpret_cast<threadgroup float *>(storage);
  const tiled::Place at = {64 * group.y, networks::COLS * group.x, thread_index, simd};
  tiled::Matrix left = {x, images, inputs};
  tiled::Matrix right = {w, inputs, outputs};
  tiled::Sums<networks::COLS> sums;
  tiled::multiply<networks::COLS, false>(sums, left, right, inputs, blocks, at);
  tiled::store(sums, y, images, outputs, blocks, at, networks::Relu());
}
