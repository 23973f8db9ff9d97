// A thread turns two pairs of columns in four rows: sine and cosine of the first row's angle and of one step are
// computed precisely, the other rows follow by the angle sum, whose rounding of three steps is 1e-7.
//! tune: ROWS in 1, 2, 4
//! grid: ceil_div(D, 4) ceil_div(S, ROWS) 1
//! threadgroup: 32 8 1
#include "row.h"
#include <metal_stdlib>
using namespace metal;

constant constexpr uint ROWS = 4;

// Cosine and sine of two angles, as (cos a, sin a, cos b, sin b).
inline float4 turn_of(float2 angles) {
  return float4(precise::cos(angles.x), precise::sin(angles.x), precise::cos(angles.y), precise::sin(angles.y));
}

// Two complex products: pairs (x, y) and (z, w).
inline float4 turned(float4 pairs, float4 turn) {
  return pairs * turn.xxzz + pairs.yxwz * float4(-turn.y, turn.y, -turn.w, turn.w);
}

kernel void rope_embedding_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                               constant uint &S [[buffer(2)]], constant uint &D [[buffer(3)]],
                               constant float &base [[buffer(4)]], uint2 position [[thread_position_in_grid]]) {
  const uint first = 4 * position.x;
  const uint begin = ROWS * position.y;
  const float2 exponent = float2(first, first + 2) / float(D);
  const float2 step_angle = float2(precise::pow(base, -exponent.x), precise::pow(base, -exponent.y));
  const float4 step = turn_of(step_angle);
  float4 turn = turn_of(step_angle * float(begin));
  for (uint r = begin; r < min(begin + ROWS, S); ++r) {
    const ulong start = ulong(r) * D;
    row::store4(y + start, first, D, turned(row::load4(x + start, first, D), turn));
    turn = turned(turn, step);
  }
}
