// Classification and selection, honest about infinities and NaN although fast math is on.
#include <metal_stdlib>
using namespace metal;

kernel void classify(device const float* x [[buffer(0)]], device uint* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  float v = x[i];
  out[i] = uint(isnan(v)) + 2 * uint(isinf(v)) + 4 * uint(isfinite(v)) + 8 * uint(isnormal(v)) + 16 * uint(signbit(v));
}

kernel void classify_half(device const half* x [[buffer(0)]], device uint* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  half v = x[i];
  out[i] = uint(isnan(v)) + 2 * uint(isinf(v)) + 4 * uint(isfinite(v)) + 16 * uint(signbit(v));
}

kernel void ordered(device const float2* x [[buffer(0)]], device uint* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = uint(isordered(x[i].x, x[i].y)) + 2 * uint(isunordered(x[i].x, x[i].y));
}

kernel void select_scalar(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = select(-1.0f, x[i], x[i] > 0.0f);
}

kernel void select_vector(device const int4* x [[buffer(0)]], device int4* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = select(x[i], -x[i], x[i] < 0);
}

kernel void compare_infinity(device const float* x [[buffer(0)]], device uint* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i] = uint(x[i] == INFINITY) + 2 * uint(x[i] > -INFINITY) + 4 * uint(x[i] != x[i]);
}

kernel void running_maximum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]], constant uint& n [[buffer(2)]]) {
  float m = -INFINITY;
  for (uint i = 0; i < n; ++i) {
    m = max(m, x[i]);
    out[i] = m;
  }
}

kernel void nan_minmax(device const float2* x [[buffer(0)]], device float2* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = float2(fmin(x[i].x, x[i].y), fmax(x[i].x, x[i].y));
}

kernel void vector_finite(device const float4* x [[buffer(0)]], device uint* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = uint(all(isfinite(x[i]))) + 2 * uint(any(isnan(x[i])));
}

kernel void comparisons(device const float2* x [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  float a = x[i].x, b = x[i].y;
  out[i] = uint(a < b) + 2 * uint(a <= b) + 4 * uint(a > b) + 8 * uint(a >= b) + 16 * uint(a == b) + 32 * uint(a != b);
}

kernel void select_by_integer_types(device const int4* x [[buffer(0)]], device uchar4* out [[buffer(1)]],
                                    uint i [[thread_position_in_grid]]) {
  out[i] = select(uchar4(200), uchar4(1), x[i] > 2);
}
