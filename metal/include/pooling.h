// pooling.h: windows of side k over one to three axes of a channels-last array, four channels a thread.
#pragma once
#include "row.h"
#include <metal_stdlib>

namespace pooling {

using namespace metal;

struct Largest {
  float4 start() const { return float4(-INFINITY); }
  float4 join(float4 a, float4 b) const { return max(a, b); }
  float4 end(float4 a, float) const { return a; }
};

struct Mean {
  float4 start() const { return float4(0.0f); }
  float4 join(float4 a, float4 b) const { return a + b; }
  float4 end(float4 a, float window) const { return a / window; }
};

// Extents of x; axes that a problem lacks are 1, and so are their windows.
struct Shape {
  uint3 extent; // width, height, depth
  uint3 window;
  uint stride;
  uint channels;

  uint3 pooled() const { return (extent - window) / stride + 1; }
};

// `OUTPUTS` neighbours along the width: `position` counts quads of channels, strips of outputs, and rows of all images.
// Every element of x that the strip needs is loaded once, also where its windows overlap.
template <uint OUTPUTS, typename Operation>
inline void pool(Operation operation, device const float *x, device float *y, Shape shape, uint3 position) {
  const uint3 pooled = shape.pooled();
  const uint channel = 4 * position.x;
  const uint first = OUTPUTS * position.y;
  const uint image = position.z / (pooled.y * pooled.z);
  const uint3 corner = shape.stride * uint3(first, position.z % pooled.y, position.z / pooled.y % pooled.z);
  const uint last = (min(OUTPUTS, pooled.x - first) - 1) * shape.stride + shape.window.x;

  float4 results[OUTPUTS];
  for (uint i = 0; i < OUTPUTS; ++i) {
    results[i] = operation.start();
  }
  for (uint d = 0; d < shape.window.z; ++d) {
    for (uint h = 0; h < shape.window.y; ++h) {
      const ulong row = (ulong(image) * shape.extent.z + corner.z + d) * shape.extent.y + corner.y + h;
      device const float *pixel = x + (row * shape.extent.x + corner.x) * shape.channels;
      for (uint w = 0; w < last; ++w) {
        const float4 value = row::load4(pixel + ulong(w) * shape.channels, channel, shape.channels);
        for (uint i = 0; i < OUTPUTS; ++i) {
          const bool inside = w >= i * shape.stride && w < i * shape.stride + shape.window.x;
          results[i] = inside ? operation.join(results[i], value) : results[i];
        }
      }
    }
  }
  device float *row = y + (ulong(position.z) * pooled.x + first) * shape.channels;
  const float window = float(shape.window.x * shape.window.y * shape.window.z);
  for (uint i = 0; i < OUTPUTS; ++i) {
    if (first + i < pooled.x) {
      row::store4(row + i * shape.channels, channel, shape.channels, operation.end(results[i], window));
    }
  }
}

} // namespace pooling
