// implicit_gemm.h: convolutions as products of gathered windows and filters, without a copy of the windows.
//
// An operand of tiled_product.h: rows are output pixels, columns of K are taps and channels. Arrays are channels-last,
// filters (C_out, taps, C_in); axes are ordered width, height, depth, and those that a problem lacks are 1.
#pragma once
#include "tiled_product.h"
#include <metal_stdlib>

namespace convolution {

using namespace metal;

struct Shape {
  uint3 extent; // of x
  uint3 taps;
  uint stride;
  uint channels;

  uint3 output() const { return (extent - taps) / stride + 1; }
  uint pixels(uint images) const { return images * output().x * output().y * output().z; }
  uint K() const { return taps.x * taps.y * taps.z * channels; }
};

// Places of a row-major box by number, and back.
inline uint3 place_in(uint index, uint3 box) {
  return uint3(index % box.x, index / box.x % box.y, index / box.x / box.y % box.z);
}
inline uint index_in(uint3 place, uint3 box) { return (place.z * box.y + place.y) * box.x + place.x; }

// The windows of the pixels that a thread stages. Along the width a window is contiguous: `span` elements of K.
struct Windows {
  device const float *origins[tiled::LEFT_LOADS];
  uint lengths[tiled::LEFT_LOADS]; // of K; 0 for a row beyond the last pixel
  uint3 extent;
  uint span;
  uint height; // taps
  uint channels;

  // pixel_of(row) gives the image and, in x, y and z, the place of the output pixel that a row stands for.
  template <typename PixelOf>
  static Windows of(device const float *x, Shape shape, uint rows, thread const tiled::Place &at, PixelOf pixel_of) {
    Windows windows = {{}, {}, shape.extent, shape.taps.x * shape.channels, shape.taps.y, shape.channels};
    for (uint i = 0; i < tiled::LEFT_LOADS; ++i) {
      const uint row = at.first_row + at.thread_index / (tiled::DEPTH / 4) + i * tiled::K_STEP;
      const uint4 pixel = pixel_of(min(row, rows - 1));
      const uint3 extent = shape.extent;
      const ulong image = ulong(pixel.w) * extent.x * extent.y * extent.z;
      windows.origins[i] = x + (image + index_in(shape.stride * pixel.xyz, extent)) * shape.channels;
      windows.lengths[i] = row < rows ? shape.K() : 0;
    }
    return windows;
  }

  uint offset(uint k) const {
    const uint line = k / span;
    return (line / height * extent.y + line % height) * extent.x * channels + k % span;
  }

  float4 operator()(uint i, uint, uint k) const {
    if (channels % 4 == 0) {
      return k < lengths[i] ? *reinterpret_cast<device const float4 *>(origins[i] + offset(k)) : float4(0.0f);
    }
    float4 values = float4(0.0f);
    for (uint j = 0; j < 4 && k + j < lengths[i]; ++j) {
      values[j] = origins[i][offset(k + j)];
    }
    return values;
  }
};

// Rows that are cubes of side `SIDE`, one after the other, of a box of `cubes`.
template <uint SIDE> struct InCubes {
  uint3 cubes;
  uint4 operator()(uint row) const {
    const uint cube = row / (SIDE * SIDE * SIDE);
    const uint3 place = SIDE * place_in(cube, cubes) + place_in(row, uint3(SIDE));
    return uint4(place, cube / (cubes.x * cubes.y * cubes.z));
  }
};

// Rows that are all output pixels in order.
struct InOrder {
  uint3 output;
  uint4 operator()(uint row) const { return uint4(place_in(row, output), row / (output.x * output.y * output.z)); }
};

// sums = x convolved with w, the tile at `at` of rows by filters; pixel_of says which pixel a row is.
template <typename PixelOf>
inline void multiply(thread tiled::Sums<64> &sums, device const float *x, device const float *w, Shape shape, uint rows,
                     uint filters, threadgroup float *blocks, thread const tiled::Place &at, PixelOf pixel_of) {
  Windows left = Windows::of(x, shape, rows, at, pixel_of);
  tiled::Matrix right = {w, filters, shape.K()};
  tiled::multiply<64, true>(sums, left, right, shape.K(), blocks, at);
}

// The same for all output pixels in order.
inline void multiply(thread tiled::Sums<64> &sums, device const float *x, device const float *w, Shape shape,
                     uint pixels, uint filters, threadgroup float *blocks, thread const tiled::Place &at) {
  multiply(sums, x, w, shape, pixels, filters, blocks, at, InOrder{shape.output()});
}

} // namespace convolution
