// Floating-point functions of one, two and three arguments; the precise and fast namespaces; vector forms.
#include <metal_stdlib>
using namespace metal;

kernel void unary_sin(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = sin(x[i]);
}

kernel void unary_cos(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = cos(x[i]);
}

kernel void unary_tan(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = tan(x[i]);
}

kernel void unary_asin(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = asin(x[i]);
}

kernel void unary_acos(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = acos(x[i]);
}

kernel void unary_atan(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = atan(x[i]);
}

kernel void unary_sinh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = sinh(x[i]);
}

kernel void unary_cosh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = cosh(x[i]);
}

kernel void unary_tanh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = tanh(x[i]);
}

kernel void unary_asinh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = asinh(x[i]);
}

kernel void unary_acosh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = acosh(x[i]);
}

kernel void unary_atanh(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = atanh(x[i]);
}

kernel void unary_exp(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = exp(x[i]);
}

kernel void unary_exp2(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = exp2(x[i]);
}

kernel void unary_exp10(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = exp10(x[i]);
}

kernel void unary_log(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = log(x[i]);
}

kernel void unary_log2(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = log2(x[i]);
}

kernel void unary_log10(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = log10(x[i]);
}

kernel void unary_sqrt(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = sqrt(x[i]);
}

kernel void unary_rsqrt(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = rsqrt(x[i]);
}

kernel void unary_fabs(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = fabs(x[i]);
}

kernel void unary_floor(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = floor(x[i]);
}

kernel void unary_ceil(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = ceil(x[i]);
}

kernel void unary_trunc(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = trunc(x[i]);
}

kernel void unary_rint(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = rint(x[i]);
}

kernel void unary_round(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = round(x[i]);
}

kernel void unary_fract(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = fract(x[i]);
}

kernel void unary_sign(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = sign(x[i]);
}

kernel void unary_saturate(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = saturate(x[i]);
}

kernel void unary_sinpi(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = sinpi(x[i]);
}

kernel void unary_cospi(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                  uint i [[thread_position_in_grid]]) {
  out[i] = cospi(x[i]);
}

kernel void binary_atan2(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = atan2(x[i], y[i]);
}

kernel void binary_pow(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = pow(x[i], y[i]);
}

kernel void binary_powr(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = powr(x[i], y[i]);
}

kernel void binary_fmod(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = fmod(x[i], y[i]);
}

kernel void binary_fmin(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = fmin(x[i], y[i]);
}

kernel void binary_fmax(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = fmax(x[i], y[i]);
}

kernel void binary_copysign(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = copysign(x[i], y[i]);
}

kernel void binary_fdim(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = fdim(x[i], y[i]);
}

kernel void binary_step(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                   device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  out[i] = step(x[i], y[i]);
}

kernel void ternary(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i * 4 + 0] = fma(v, v.yzwx, v.zwxy);
  out[i * 4 + 1] = mix(v, v.wzyx, 0.25f);
  out[i * 4 + 2] = clamp(v, -1.0f, 1.0f);
  out[i * 4 + 3] = smoothstep(-2.0f, 2.0f, v);
}

kernel void three_values(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = fmin3(x[i], 0.5f, 1.0f);
  out[i * 3 + 1] = fmax3(x[i], 0.5f, 1.0f);
  out[i * 3 + 2] = fmedian3(x[i], 0.5f, 1.0f);
}

kernel void sine_and_cosine(device const float* x [[buffer(0)]], device float2* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  float c;
  float s = sincos(x[i], c);
  out[i] = float2(s, c);
}

kernel void split_numbers(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  int e;
  float m = frexp(x[i], e);
  float whole;
  float part = modf(x[i], whole);
  out[i * 5 + 0] = m;
  out[i * 5 + 1] = float(e);
  out[i * 5 + 2] = ldexp(m, e);
  out[i * 5 + 3] = whole;
  out[i * 5 + 4] = part;
}

kernel void precise_forms(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = precise::exp(x[i]);
  out[i * 4 + 1] = precise::tanh(x[i]);
  out[i * 4 + 2] = precise::sin(x[i]);
  out[i * 4 + 3] = metal::precise::log(fabs(x[i]) + 1.0f);
}

kernel void fast_forms(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = fast::exp(x[i]);
  out[i * 4 + 1] = fast::divide(x[i], 3.0f);
  out[i * 4 + 2] = metal::fast::rsqrt(fabs(x[i]) + 1.0f);
  out[i * 4 + 3] = fast::log(fabs(x[i]) + 1.0f);
}

kernel void vector_functions(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i * 3 + 0] = exp(v);
  out[i * 3 + 1] = max(v, 0.0f) + min(v, float4(1));
  out[i * 3 + 2] = sqrt(abs(v)) + floor(v);
}

kernel void geometry(device const float3* x [[buffer(0)]], device float* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  float3 a = x[i];
  float3 b = float3(1, -2, 0.5f);
  float3 c = cross(a, b);
  out[i * 8 + 0] = dot(a, b);
  out[i * 8 + 1] = length(a);
  out[i * 8 + 2] = distance(a, b);
  out[i * 8 + 3] = length_squared(a);
  out[i * 8 + 4] = c.x;
  out[i * 8 + 5] = c.y;
  out[i * 8 + 6] = normalize(a).z;
  out[i * 8 + 7] = reflect(a, float3(0, 1, 0)).y;
}

kernel void integer_division(device const int2* x [[buffer(0)]], device int2* out [[buffer(1)]],
                             uint i [[thread_position_in_grid]]) {
  out[i] = int2(x[i].x / x[i].y, x[i].x % x[i].y);
}

kernel void more_fast_forms(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  float v = x[i];
  out[i * 8 + 0] = fast::sin(v);
  out[i * 8 + 1] = fast::cos(v);
  out[i * 8 + 2] = fast::tanh(v);
  out[i * 8 + 3] = fast::exp2(v);
  out[i * 8 + 4] = fast::log2(fabs(v) + 1.0f);
  out[i * 8 + 5] = fast::sqrt(fabs(v));
  out[i * 8 + 6] = fast::pow(fabs(v) + 1.0f, 2.5f);
  out[i * 8 + 7] = fast::max(v, 0.0f) + fast::clamp(v, -1.0f, 1.0f);
}

kernel void qualified_names(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  float v = x[i];
  out[i] = metal::max(v, 0.5f) + metal::fma(v, 2.0f, 1.0f) + ::metal::floor(v) + metal::abs(v);
}

kernel void less_common(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  float v = x[i];
  float3 a = float3(v, 1, -2), b = float3(0, 1, 0);
  out[i * 6 + 0] = float(ilogb(fabs(v) + 1.0f));
  out[i * 6 + 1] = distance_squared(a, b);
  out[i * 6 + 2] = faceforward(a, float3(1, 0, 0), b).x;
  out[i * 6 + 3] = refract(float3(0, -1, 0), b, 0.5f).y;
  out[i * 6 + 4] = dot(float2(v, 2), float2(2, v));
  out[i * 6 + 5] = normalize(float2(3, 4)).y;
}
