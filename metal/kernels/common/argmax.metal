// One SIMD-group a row: every lane keeps its first maximum and that index, then one SIMD maximum of the values and
// one SIMD minimum of the indices that hold it, so equal maxima give the lowest index.
//! grid: 32 rows 1
//! threadgroup: 32 8 1
#include <metal_stdlib>
using namespace metal;

constant constexpr uint LANES = 32;
constant constexpr uint NOWHERE = 0xFFFFFFFF;

struct Best {
  float value;
  uint index;
};

inline void consider(thread Best &best, float value, uint index) {
  if (value > best.value) {
    best.value = value;
    best.index = index;
  }
}

kernel void argmax_f32(device const float *x [[buffer(0)]], device float *out [[buffer(1)]],
                       constant uint &C [[buffer(2)]], uint2 position [[thread_position_in_grid]]) {
  const uint lane = position.x;
  device const float *row = x + ulong(position.y) * C;
  // In a row of -inf no comparison succeeds: lane 0's start, index 0, is then the least of all.
  Best best = {-INFINITY, lane};
  if (C % 4 == 0) {
    device const float4 *row4 = reinterpret_cast<device const float4 *>(row);
    for (uint i = lane; i < C / 4; i += LANES) {
      const float4 values = row4[i];
      consider(best, values.x, 4 * i);
      consider(best, values.y, 4 * i + 1);
      consider(best, values.z, 4 * i + 2);
      consider(best, values.w, 4 * i + 3);
    }
  } else {
    for (uint i = lane; i < C; i += LANES) {
      consider(best, row[i], i);
    }
  }
  const float highest = simd_max(best.value);
  const uint index = simd_min(best.value == highest ? best.index : NOWHERE);
  if (lane == 0) {
    out[position.y] = float(index);
  }
}
