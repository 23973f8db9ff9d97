// Rotary embedding as the epilogue of a tiled product: adjacent columns are a pair, so nothing moves between threads.
#pragma once
#include <metal_stdlib>

// Pairs (2i, 2i + 1) of heads of `width` columns turn by row / base^(2i / width), up to column `cols`. The angle and
// its functions are precise: at row 1000, fast ones would be off by 1e-3.
struct Rotary {
  uint width;
  uint cols;
  float base;

  float2 turned(uint row, uint col, float2 pair) const {
    if (col >= cols) {
      return pair;
    }
    const float slowness = metal::precise::pow(base, float(col % width) / float(width));
    const float angle = metal::precise::divide(float(row), slowness);
    const float c = metal::precise::cos(angle);
    const float s = metal::precise::sin(angle);
    return float2(pair.x * c - pair.y * s, pair.x * s + pair.y * c);
  }

  float4 operator()(uint row, uint col, float4 values) const {
    return float4(turned(row, col, values.xy), turned(row, col + 2, values.zw));
  }
};
