// transposed_gemm.h: transposed convolutions as products, one for each phase of the output, without a multiply by zero.
//
// Output pixels whose places leave the same remainder by the stride meet the same taps, so they are a convolution with
// a part of the filters. Arrays are channels-last, filters (C_out, taps, C_in); axes are ordered width, height, depth.
#pragma once
#include "implicit_gemm.h"
#include <metal_stdlib>

namespace transposed {

using namespace metal;

// The pixels at start + stride * place, and the taps at start + stride * tap, which they meet.
struct Phase {
  uint3 extent; // of x
  uint3 taps;   // of the whole filters
  uint3 start;
  uint stride;
  uint channels;

  static Phase of(uint3 extent, uint3 taps, uint stride, uint channels, uint number) {
    return {extent, taps, convolution::place_in(number, uint3(stride)), stride, channels};
  }

  uint3 whole() const { return (extent - 1) * stride + taps; }
  uint3 output() const { return (whole() + stride - 1 - start) / stride; }
  uint3 met() const { return (taps + stride - 1 - start) / stride; }
  uint pixels(uint images) const { return images * output().x * output().y * output().z; }
  uint K() const { return met().x * met().y * met().z * channels; }
};

// The windows of the pixels that a thread stages: a tap at t meets the element of x at place - t.
struct Windows {
  device const float *images[tiled::LEFT_LOADS];
  int3 places[tiled::LEFT_LOADS];
  uint lengths[tiled::LEFT_LOADS]; // of K; 0 for a row beyond the last pixel
  int3 extent;
  uint3 met;
  uint channels;

  template <typename PixelOf>
  static Windows of(device const float *x, Phase phase, uint rows, thread const tiled::Place &at, PixelOf pixel_of) {
    Windows windows = {{}, {}, {}, int3(phase.extent), phase.met(), phase.channels};
    const ulong image = ulong(phase.extent.x) * phase.extent.y * phase.extent.z * phase.channels;
    for (uint i = 0; i < tiled::LEFT_LOADS; ++i) {
      const uint row = at.first_row + at.thread_index / (tiled::DEPTH / 4) + i * tiled::K_STEP;
      const uint4 pixel = pixel_of(min(row, rows - 1));
      windows.images[i] = x + pixel.w * image;
      windows.places[i] = int3(pixel.xyz);
      windows.lengths[i] = row < rows ? phase.K() : 0;
    }
    return windows;
  }

  // The four channels, or with `one` the first alone, that k stands for.
  float4 load(uint i, uint k, bool one) const {
    const int3 place = places[i] - int3(convolution::place_in(k / channels, met));
    if (k >= lengths[i] || any(place < 0) || any(place >= extent)) {
      return float4(0.0f);
    }
    device const float *values =
        images[i] + ulong(convolution::index_in(uint3(place), uint3(extent))) * channels + k % channels;
    return one ? float4(*values) : *reinterpret_cast<device const float4 *>(values);
  }

  float4 operator()(uint i, uint, uint k) const {
    if (channels % 4 == 0) {
      return load(i, k, false);
    }
    return float4(load(i, k, true).x, load(i, k + 1, true).x, load(i, k + 2, true).x, load(i, k + 3, true).x);
  }
};

struct Filters {
  device const float *w;
  Phase phase;
  uint filters;

  uint offset(uint k) const {
    const uint3 tap = phase.start + phase.stride * convolution::place_in(k / phase.channels, phase.met());
    return convolution::index_in(tap, phase.taps) * phase.channels + k % phase.channels;
  }

  float4 operator()(uint, uint filter, uint k) const {
    const uint K = filter < filters ? phase.K() : 0;
    device const float *values = w + ulong(filter) * phase.taps.x * phase.taps.y * phase.taps.z * phase.channels;
    if (phase.channels % 4 == 0) {
      return k < K ? *reinterpret_cast<device const float4 *>(values + offset(k)) : float4(0.0f);
    }
    float4 found = float4(0.0f);
    for (uint j = 0; j < 4 && k + j < K; ++j) {
      found[j] = values[offset(k + j)];
    }
    return found;
  }
};

// sums = the tile at `at` of the phase's pixels by filters.
template <typename PixelOf>
inline void multiply(thread tiled::Sums<64> &sums, device const float *x, device const float *w, Phase phase, uint rows,
                     uint filters, threadgroup float *blocks, thread const tiled::Place &at, PixelOf pixel_of) {
  Windows left = Windows::of(x, phase, rows, at, pixel_of);
  Filters right = {w, phase, filters};
  tiled::multiply<64, true>(sums, left, right, phase.K(), blocks, at);
}

// Writes map(row, filter, values) to the pixel of the whole output that a row of the phase stands for.
template <typename Map> struct Placed {
  device float *y;
  Phase phase;
  uint filters;
  Map map;

  void operator()(uint row, uint filter, float4 values) const {
    const uint4 pixel = convolution::InOrder{phase.output()}(row);
    const uint3 whole = phase.whole();
    const ulong image = ulong(pixel.w) * whole.x * whole.y * whole.z;
    device float *out = y + (image + convolution::index_in(phase.start + phase.stride * pixel.xyz, whole)) * filters;
    tiled::store4(out, filter, filters, filters % 4 == 0, map(row, filter, values));
  }
};

// A tile of y = map(x convolved transposed with w): every threadgroup of a grid of tiles by phases calls it.
template <typename Map>
inline void tile(device const float *x, device const float *w, device float *y, Phase phase, uint images, uint filters,
                 threadgroup float *blocks, thread const tiled::Place &at, Map map) {
  const uint pixels = phase.pixels(images);
  if (at.first_row >= pixels) {
    return; // a later phase may have fewer pixels than the first, for which the grid is made
  }
  tiled::Sums<64> sums;
  multiply(sums, x, w, phase, pixels, filters, blocks, at, convolution::InOrder{phase.output()});
  tiled::place(sums, blocks, at);
  Placed<Map> each = {y, phase, filters, map};
  tiled::for_quads<64>(blocks, pixels, filters, at, each);
}

} // namespace transposed
