// Vector types: construction, swizzles on both sides of an assignment, arithmetic, layout in buffers, packed types.
#include <metal_stdlib>
using namespace metal;

kernel void construct(device float4* out [[buffer(0)]]) {
  float2 a = float2(1, 2);
  out[0] = float4(a, 3, 4);
  out[1] = float4(0.5f, a, 9.0f);
  out[2] = float4(float3(7, 8, 9), 1);
  out[3] = float4(2.5f);
  out[4] = float4(a, a.yx);
  out[5] = float4{1, 2, 3, 4};
}

kernel void swizzle_read(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i * 4 + 0] = v.wzyx;
  out[i * 4 + 1] = v.xxyy;
  out[i * 4 + 2] = float4(v.bgr, v.a);
  out[i * 4 + 3] = float4(v.xz, v.yw);
}

kernel void swizzle_write(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  v.xy = v.zw;
  v.w = -1.0f;
  v.zy += float2(10, 20);
  v.rgb *= 2.0f;
  out[i] = v;
}

kernel void swizzle_swap(device float4* data [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  data[i].xy = data[i].yx;
  data[i].zw = float2(data[i].w, data[i].z);
}

kernel void component_loop(device const float4* x [[buffer(0)]], device float* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  float sum = 0;
  for (uint k = 0; k < 4; ++k) {
    v[k] = v[k] * float(k + 1);
    sum += v[k];
  }
  out[i] = sum;
}

kernel void compare_select(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  bool4 positive = x[i] > 0.0f;
  out[i] = select(float4(-1), x[i], positive);
}

kernel void bool_reduce(device const int4* x [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  bool4 even = (x[i] & 1) == 0;
  out[i] = uint(all(even)) + 2 * uint(any(even)) + 4 * uint(any(!even));
}

kernel void integer_arithmetic(device const int4* x [[buffer(0)]], device int4* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  int4 v = x[i];
  out[i * 3 + 0] = (v / 3) * 100 + v % 3;
  out[i * 3 + 1] = (v << 2) ^ (v >> 1);
  out[i * 3 + 2] = -v + ~v;
}

kernel void unsigned_wrap(device const uint2* x [[buffer(0)]], device uint2* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * 2654435761u + uint2(1, 0xffffffffu);
}

kernel void char_vectors(device const char4* x [[buffer(0)]], device int4* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = int4(x[i]) * 2;
}

kernel void ushort_convert(device const float4* x [[buffer(0)]], device ushort4* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = ushort4(x[i]);
}

kernel void float3_stride(device const float3* x [[buffer(0)]], device float3* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  float3 v = x[i];
  out[i] = float3(v.z, v.x, v.y);
}

kernel void packed3_stride(device const packed_float3* x [[buffer(0)]], device packed_float3* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  float3 v = x[i];
  out[i] = packed_float3(v * 2.0f);
}

kernel void packed4_unaligned(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  packed_float4 v = *(device const packed_float4*)(x + 1 + i * 4);
  out[i] = v[0] + v.y * 10 + v.z * 100 + v.w * 1000;
}

kernel void sizes(device uint* out [[buffer(0)]]) {
  out[0] = sizeof(float3);
  out[1] = sizeof(packed_float3);
  out[2] = sizeof(char3);
  out[3] = sizeof(half3);
  out[4] = sizeof(packed_half3);
  out[5] = sizeof(bool4);
  out[6] = sizeof(long3);
  out[7] = sizeof(float4x4);
  out[8] = sizeof(float3x3);
  out[9] = sizeof(half2x4);
  out[10] = alignof(packed_float3);
  out[11] = alignof(float3);
  out[12] = sizeof(size_t);
  out[13] = sizeof(half3x3);
}

kernel void cast_to_vector(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  device const float4* xv = reinterpret_cast<device const float4*>(x);
  device float4* ov = (device float4*)out;
  ov[i] = xv[i] + float4(0, 1, 2, 3);
}

kernel void scalar_vector_mix(device const float2* x [[buffer(0)]], device float2* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  float2 v = 2 * x[i] - 1;
  v /= 4;
  v = 1.0f - v;
  out[i] = fma(v, 0.5f, float2(i));
}

kernel void struct_of_vectors(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  struct Pair {
    float3 a;
    float2 b;
  };
  Pair p = {x[i].xyz, x[i].xw};
  Pair q = p;
  q.a.y = 5;
  out[i] = float4(q.a, q.b.y) + float4(p.a.y, 0, 0, 0);
}

kernel void logical_vectors(device const int2* x [[buffer(0)]], device uint* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  bool2 a = x[i] > 0;
  bool2 b = x[i] < 5;
  bool2 c = a && b;
  bool2 d = a || !b;
  out[i] = uint(c.x) + 2 * uint(c.y) + 4 * uint(d.x) + 8 * uint(d.y);
}

kernel void increments(device int4* data [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  int4 v = data[i];
  int4 before = v++;
  --v.x;
  data[i] = before * 100 + v;
}

kernel void more_sizes(device uint* out [[buffer(0)]]) {
  out[0] = sizeof(half4);
  out[1] = sizeof(ushort2);
  out[2] = sizeof(uchar2);
  out[3] = sizeof(half2);
  out[4] = sizeof(float2);
  out[5] = sizeof(packed_char3);
  out[6] = sizeof(ulong2);
  out[7] = sizeof(packed_uint3);
  out[8] = alignof(half4);
  out[9] = sizeof(packed_short3);
  out[10] = alignof(float4);
}

kernel void swizzle_arithmetic(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i] = float4(v.xy + v.zw, -v.wz * 2);
}

kernel void swizzle_of_swizzle(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i] = float4(v.xyz.zy, (v + v.wwww).yx.x, x[i].rgba.r);
}

kernel void swizzle_arguments(device const float4* x [[buffer(0)]], device float* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  out[i] = dot(v.xyz, v.zyx) + max(v.x, v.w) + min(v.y, 1.0f);
}

kernel void swizzle_copies(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  auto first = v.xy;
  const auto last = v.wy;
  v = float4(-99);
  first.y = 5;
  out[i] = float4(first, last);
}

void spread(thread float2& v) { v = v.yx + 1; }

kernel void swizzle_through_pointer(device float4* data [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float2 ends = data[i].xz;
  spread(ends);
  data[i].xz = ends;
  data[i].y *= 4;
}

kernel void component_references(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  float4 v = x[i];
  thread float4* p = &v;
  p->w += p->x;
  p->x = p[0][0] * 3;
  (*p)[2]++;
  out[i] = *p;
}

kernel void vector_template_names(device const vec<float, 4>* x [[buffer(0)]],
                                  device metal::vec<float, 4>* out [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  vec<float, 2> low = x[i].xy + vec<float, 2>(1);
  out[i] = vec<float, 4>(low, x[i].zw);
}

kernel void long_vectors(device const long2* x [[buffer(0)]], device long2* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i] = x[i].yx * long2(1, 3) + long2(1, 0);
}

kernel void uchar_wrap(device const uchar4* x [[buffer(0)]], device uchar4* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i] = x[i] + uchar4(100);
}

// Shifts whose operands differ in type, and casts between packed and other vectors of another type.
kernel void packed_casts(device const packed_char4* x [[buffer(0)]], device int4* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  float4 wide = float4(x[i]) * 0.5f;
  packed_short4 narrow = packed_short4(int4(wide));
  out[i] = (int4(narrow) << uint4(1, 2, 3, 0)) + int4(packed_char4(narrow));
}
