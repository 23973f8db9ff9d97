// Integer functions and bit reinterpretation; the bit-exact part of the language.
#include <metal_stdlib>
using namespace metal;

kernel void bit_counts(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = clz(x[i]);
  out[i * 4 + 1] = ctz(x[i]);
  out[i * 4 + 2] = popcount(x[i]);
  out[i * 4 + 3] = reverse_bits(x[i]);
}

kernel void bit_counts_ushort(device const ushort* x [[buffer(0)]], device ushort* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = clz(x[i]);
  out[i * 4 + 1] = ctz(x[i]);
  out[i * 4 + 2] = popcount(x[i]);
  out[i * 4 + 3] = reverse_bits(x[i]);
}

kernel void rotations(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i] = rotate(x[i], i) ^ rotate(x[i], 32u - i);
}

kernel void high_products(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = mulhi(x[i], 1000003);
  out[i * 3 + 1] = int(mulhi(uint(x[i]), 3000000019u));
  out[i * 3 + 2] = madhi(x[i], 65536, 7);
}

kernel void saturating(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = addsat(x[i], 2000000000);
  out[i * 4 + 1] = subsat(x[i], 2000000000);
  out[i * 4 + 2] = int(addsat(uint(x[i]), 4000000000u));
  out[i * 4 + 3] = int(subsat(uint(x[i]), 5u));
}

kernel void halving(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = hadd(x[i], 2147483647);
  out[i * 2 + 1] = rhadd(x[i], 2147483646);
}

kernel void differences(device const int* x [[buffer(0)]], device uint* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = absdiff(x[i], -1000);
  out[i * 2 + 1] = absdiff(uint(x[i]), 7u);
}

kernel void bit_fields(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = extract_bits(x[i], 4, 8);
  out[i * 3 + 1] = insert_bits(x[i], 0xabu, 8, 8);
  out[i * 3 + 2] = uint(extract_bits(int(x[i]), 4, 8));
}

kernel void three_way(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = min3(x[i], 10, -4);
  out[i * 3 + 1] = max3(x[i], 10, -4);
  out[i * 3 + 2] = median3(x[i], 10, -4);
}

kernel void clamped(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]]) {
  out[i] = clamp(x[i], -5, 100) + abs(x[i] % 50);
}

kernel void narrow_multiply(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = mul24(x[i] & 0xffff, 300) + mad24(x[i] & 0xff, 7, 11);
}

kernel void bits_of_float(device const float* x [[buffer(0)]], device uint* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  uint bits = as_type<uint>(x[i]);
  out[i] = bits ^ as_type<uint>(as_type<float>(bits & 0x7fffffffu));
}

kernel void bits_of_vectors(device const uint2* x [[buffer(0)]], device ushort4* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = as_type<ushort4>(x[i]).wzyx;
}

kernel void bits_of_half2(device const half2* x [[buffer(0)]], device uint* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]]) {
  out[i] = as_type<uint>(x[i]);
}

kernel void long_arithmetic(device const long* x [[buffer(0)]], device long* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  ulong u = ulong(x[i]) * 6364136223846793005ul + 1442695040888963407ul;
  out[i] = long(u >> 33) + x[i] / 3;
}

kernel void small_types(device const char* x [[buffer(0)]], device short* out [[buffer(1)]],
                        uint i [[thread_position_in_grid]]) {
  char c = x[i];
  uchar u = uchar(c);
  out[i] = short(c) * 3 + short(u);
}

kernel void vector_bit_functions(device const uint4* x [[buffer(0)]], device uint4* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  out[i] = popcount(x[i]) + clz(x[i]) * 100 + rotate(x[i], uint4(1, 2, 3, 4)) % 7;
}

kernel void pcg_hash(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  uint state = i * 747796405u + 2891336453u;
  uint word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  out[i] = (word >> 22u) ^ word;
}

kernel void float_to_int(device const float* x [[buffer(0)]], device int* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i * 2] = int(x[i]);
  out[i * 2 + 1] = int(uint(fabs(x[i])));
}

kernel void shifts(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                   uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = x[i] << (i % 32);
  out[i * 3 + 1] = x[i] >> (i % 32);
  out[i * 3 + 2] = uint(int(x[i]) >> (i % 32));
}

kernel void unsigned_products(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = mulhi(x[i], 3000000019u);
  out[i * 3 + 1] = x[i] * 12345u + 678u;
  out[i * 3 + 2] = min(x[i], 77u);
}

kernel void signed_division(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = x[i] / 7;
  out[i * 3 + 1] = x[i] % 7;
  out[i * 3 + 2] = x[i] / -3;
}

kernel void saturating_multiply_add(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                                    uint i [[thread_position_in_grid]]) {
  out[i] = madsat(x[i], 3, 1000);
}

kernel void char_wrap(device const char* x [[buffer(0)]], device char* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i * 3 + 0] = char(x[i] + 100);
  out[i * 3 + 1] = char(x[i] * 3);
  out[i * 3 + 2] = char(-x[i]);
}

kernel void char_bits(device const char* x [[buffer(0)]], device char* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i * 4 + 0] = clz(x[i]);
  out[i * 4 + 1] = ctz(x[i]);
  out[i * 4 + 2] = popcount(x[i]);
  out[i * 4 + 3] = x[i] == -128 ? x[i] : abs(x[i]);
}

kernel void long_bits(device const long* x [[buffer(0)]], device long* out [[buffer(1)]],
                      uint i [[thread_position_in_grid]]) {
  out[i * 5 + 0] = popcount(x[i]);
  out[i * 5 + 1] = clz(ulong(x[i]));
  out[i * 5 + 2] = ctz(x[i]);
  out[i * 5 + 3] = long(ulong(x[i]) >> i);
  out[i * 5 + 4] = x[i] >> i;
}

kernel void int_to_float(device const int* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  out[i * 2 + 0] = float(x[i]);
  out[i * 2 + 1] = float(uint(x[i]));
}

kernel void bits_of_triples(device const float3* x [[buffer(0)]], device uint3* out [[buffer(1)]],
                            uint i [[thread_position_in_grid]]) {
  out[i] = as_type<uint3>(x[i]) + as_type<uint>(uchar4(1, 2, 3, 4));
}
