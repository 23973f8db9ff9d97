// floatNxM and halfNxM: column-major storage, products from both sides, transpose, determinant.
#include <metal_stdlib>
using namespace metal;

kernel void columns(device const float2x3* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  float2x3 a = m[0];
  for (uint c = 0; c < 2; ++c)
    for (uint r = 0; r < 3; ++r)
      out[c * 3 + r] = a[c][r];
}

kernel void times_vector(device const float4x4* m [[buffer(0)]], device const float4* v [[buffer(1)]],
                         device float4* out [[buffer(2)]]) {
  out[0] = m[0] * v[0];
  out[1] = v[0] * m[0];
}

kernel void product(device const float3x3* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  float3x3 p = m[0] * m[1];
  for (uint c = 0; c < 3; ++c)
    for (uint r = 0; r < 3; ++r)
      out[c * 3 + r] = p[c][r];
}

kernel void rectangular_product(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  float3x2 a = float3x2(float2(x[0], x[1]), float2(x[2], x[3]), float2(x[4], x[5]));
  float2x3 b = float2x3(float3(x[0], x[1], x[2]), float3(x[3], x[4], x[5]));
  float2x2 p = a * b;
  out[0] = p[0][0];
  out[1] = p[0][1];
  out[2] = p[1][0];
  out[3] = p[1][1];
}

kernel void transposed(device const float2x4* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  float4x2 t = transpose(m[0]);
  for (uint c = 0; c < 4; ++c)
    for (uint r = 0; r < 2; ++r)
      out[c * 2 + r] = t[c][r];
}

kernel void determinants(device const float3x3* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  out[0] = determinant(m[0]);
  out[1] = determinant(float2x2(m[0][0].xy, m[0][1].xy));
}

kernel void diagonal(device float* out [[buffer(0)]]) {
  float3x3 m = float3x3(2.0f);
  m[2][0] = 5.0f;
  m = m + float3x3(1.0f);
  m *= 2.0f;
  for (uint c = 0; c < 3; ++c)
    for (uint r = 0; r < 3; ++r)
      out[c * 3 + r] = m[c][r];
}

kernel void half_matrix(device const half2x2* m [[buffer(0)]], device half2* out [[buffer(1)]]) {
  out[0] = m[0] * half2(1.0h, 2.0h);
  out[1] = transpose(m[0])[0];
}

kernel void determinant_4x4(device const float4x4* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  out[0] = determinant(m[0]);
}

kernel void arithmetic(device const float3x3* m [[buffer(0)]], device float* out [[buffer(1)]]) {
  float3x3 r = m[0] * -2.0f;
  r += m[1];
  thread float3* column = &r[0];
  for (uint c = 0; c < 3; ++c)
    for (uint k = 0; k < 3; ++k) out[c * 3 + k] = column[c][k];
}
