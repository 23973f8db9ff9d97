// channel_maxima.h: the largest channel of each pixel of a convolution, which is never stored.
#pragma once
#include "implicit_gemm.h"
#include <metal_stdlib>

// Thread i of 64 gets the largest of x convolved with w over all filters at pixel at.first_row + i.
inline float channel_maximum(device const float *x, device const float *w, convolution::Shape shape, uint pixels,
                             uint filters, threadgroup float *blocks, tiled::Place at) {
  float largest = -INFINITY;
  for (at.first_col = 0; at.first_col < filters; at.first_col += 64) {
    tiled::Sums<64> sums;
    convolution::multiply(sums, x, w, shape, pixels, filters, blocks, at);
    tiled::place(sums, blocks, at);
    threadgroup const float *row = blocks + at.thread_index * (64 + tiled::PADDING);
    for (uint col = 0; col < metal::min(64u, filters - at.first_col); ++col) {
      largest = metal::max(largest, row[col]);
    }
    metal::threadgroup_barrier(metal::mem_flags::mem_threadgroup);
  }
  return largest;
}
