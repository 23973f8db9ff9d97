// Buffers of every element type, pointer arithmetic, casts between element types, partial writes.
#include <metal_stdlib>
using namespace metal;

kernel void bytes_to_bytes(device const uchar* x [[buffer(0)]], device char* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = char(int(x[i]) - 128);
}

kernel void words_of_bytes(device const uchar* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = *(device const uint*)(x + 4 * i);
}

kernel void booleans(device const int* x [[buffer(0)]], device bool* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]]) {
  out[i] = x[i] > 3;
}

kernel void unsigned_long(device const ulong* x [[buffer(0)]], device ulong* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * x[i] + (x[i] >> 40);
}

kernel void in_place(device float* data [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  data[i] = data[i] * data[i];
}

kernel void every_other(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  if (i % 2 == 0) out[i] = x[i];
}

kernel void pointer_walk(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                         constant uint& n [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device const float* end = x + (i + 1) * n;
  float s = 0;
  for (device const float* p = x + i * n; p != end; p += 1) s += *p;
  out[i] = s;
}

kernel void row_pointers(device const float4* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  device const float* row = (device const float*)(x + i * 2);
  out[i] = row[0] + row[7];
}

kernel void constant_buffer(constant float* table [[buffer(0)]], constant uint2& size [[buffer(1)]],
                            device float* out [[buffer(2)]], uint2 p [[thread_position_in_grid]]) {
  out[p.y * size.x + p.x] = table[p.x] * table[p.y];
}

kernel void offset_binding(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = x[i];
}

kernel void private_array(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  uint stack[16];
  uint top = 0;
  for (uint k = 0; k < 16; ++k)
    if (x[k] % 2 == i % 2) stack[top++] = x[k];
  uint r = 0;
  while (top > 0) r = r * 3 + stack[--top];
  out[i] = r;
}

kernel void sort_small(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  int v[8];
  for (uint k = 0; k < 8; ++k) v[k] = x[i * 8 + k];
  for (uint a = 1; a < 8; ++a) {
    int key = v[a];
    int b = int(a) - 1;
    while (b >= 0 && v[b] > key) {
      v[b + 1] = v[b];
      --b;
    }
    v[b + 1] = key;
  }
  for (uint k = 0; k < 8; ++k) out[i * 8 + k] = v[k];
}

kernel void fill_first(device float* data [[buffer(0)]], uint i [[thread_position_in_grid]]) { data[i] = float(i); }

kernel void neighbour_sum(device const float* data [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]], uint n [[threads_per_grid]]) {
  out[i] = data[i] + data[(i + 1) % n];
}

kernel void packed_half_triples(device const packed_half3* x [[buffer(0)]], device packed_half3* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]]) {
  half3 v = x[i];
  out[i] = v.zxy;
}

kernel void packed_byte_triples(device const packed_uchar3* x [[buffer(0)]], device packed_uchar3* out [[buffer(1)]],
                                uint i [[thread_position_in_grid]]) {
  uchar3 v = x[i];
  v.x *= 2;
  v.z ^= 255;
  out[i] = packed_uchar3(v);
}

kernel void indirect_index(device const uint* next [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint i [[thread_position_in_grid]]) {
  out[i] = next[next[next[i]]];
}

kernel void two_dimensional_private(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                    uint i [[thread_position_in_grid]]) {
  float m[4][4];
  for (uint r = 0; r < 4; ++r)
    for (uint c = 0; c < 4; ++c) m[r][c] = r == c ? x[r] : -x[r];
  thread float* row = m[i];
  for (uint c = 0; c < 4; ++c) out[i * 4 + c] = row[c];
}

kernel void volatile_pointers(device const float* x [[buffer(0)]], volatile device float* out [[buffer(1)]],
                                  volatile device atomic_uint* count [[buffer(2)]],
                                  uint i [[thread_position_in_grid]]) {
  out[i] = x[i] * 2;
  out[i] = out[i] * 5;
  atomic_fetch_add_explicit(count, 1u, memory_order_relaxed);
}

struct Padded {
  char tag;
  float3 v;
  short s;
};

kernel void struct_fields(device const Padded* x [[buffer(0)]], device float4* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  device const Padded& p = x[i];
  out[i] = float4(float(p.tag) + p.v.x, p.v.yz, float(p.s));
}

kernel void struct_stores(device Padded* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  out[i].tag = char(i);
  out[i].v = float3(1, 2, 3) * float(i);
  out[i].s = -short(i);
}
