// simdgroup_matrix: loads and stores of every form, products, fills, mixed precision.
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

kernel void copy(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x);
  simdgroup_store(m, out);
}

kernel void strided(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_matrix<float, 8, 8> m;
  simdgroup_load(m, x + 3, 20);
  simdgroup_store(m, out, 11);
}

kernel void origin(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x, 24, ulong2(5, 2));
  simdgroup_store(m, out, 16, ulong2(8, 1));
}

kernel void transposing(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x, 8, ulong2(0, 0), true);
  simdgroup_store(m, out, 8);
  simdgroup_store(m, out + 64, 8, 0, true);
}

kernel void multiply(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                     device float* out [[buffer(2)]]) {
  simdgroup_float8x8 ma, mb, mc;
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  simdgroup_multiply(mc, ma, mb);
  simdgroup_store(mc, out);
}

kernel void accumulate(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                       device float* out [[buffer(2)]]) {
  simdgroup_float8x8 ma, mb;
  simdgroup_float8x8 mc = make_filled_simdgroup_matrix<float, 8, 8>(2.0f);
  for (uint k = 0; k < 4; ++k) {
    simdgroup_load(ma, a + k * 8, 32);
    simdgroup_load(mb, b + k * 64, 8);
    simdgroup_multiply_accumulate(mc, ma, mb, mc);
  }
  simdgroup_store(mc, out);
}

kernel void times_operator(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                           device float* out [[buffer(2)]]) {
  simdgroup_float8x8 ma, mb;
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  simdgroup_float8x8 mc = ma * mb;
  simdgroup_store(mc, out);
}

kernel void fills(device float* out [[buffer(0)]]) {
  simdgroup_float8x8 diagonal = simdgroup_float8x8(3.0f);
  simdgroup_float8x8 full = make_filled_simdgroup_matrix<float, 8, 8>(4.0f);
  simdgroup_store(diagonal, out);
  simdgroup_store(full, out + 64);
}

kernel void half_product(device const half* a [[buffer(0)]], device const half* b [[buffer(1)]],
                         device half* out [[buffer(2)]]) {
  simdgroup_half8x8 ma, mb, mc;
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  simdgroup_multiply(mc, ma, mb);
  simdgroup_store(mc, out);
}

kernel void half_in_float_out(device const half* a [[buffer(0)]], device const half* b [[buffer(1)]],
                              device float* out [[buffer(2)]]) {
  simdgroup_half8x8 ma, mb;
  simdgroup_float8x8 mc = make_filled_simdgroup_matrix<float, 8, 8>(1.0f);
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  simdgroup_store(mc, out);
}

kernel void bfloat_product(device const bfloat* a [[buffer(0)]], device const bfloat* b [[buffer(1)]],
                           device float* out [[buffer(2)]]) {
  simdgroup_bfloat8x8 ma, mb;
  simdgroup_float8x8 mc(0.0f);
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  simdgroup_store(mc, out);
}

kernel void through_threadgroup(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                                device float* out [[buffer(2)]], uint t [[thread_index_in_threadgroup]],
                                uint sg [[simdgroup_index_in_threadgroup]]) {
  // Two SIMD-groups multiply a 16x8 by an 8x8 matrix from threadgroup memory.
  threadgroup float left[16 * 8], right[8 * 8], result[16 * 8];
  for (uint k = t; k < 128; k += 64) left[k] = a[k];
  right[t] = b[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  simdgroup_float8x8 ma, mb, mc(0);
  simdgroup_load(ma, left + sg * 64, 8);
  simdgroup_load(mb, right, 8);
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  simdgroup_store(mc, result + sg * 64, 8);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint k = t; k < 128; k += 64) out[k] = result[k] + 1;
}

kernel void array_of_tiles(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                           device float* out [[buffer(2)]]) {
  // 16x16 product by 2x2 tiles.
  simdgroup_float8x8 acc[2][2];
#pragma unroll
  for (uint r = 0; r < 2; ++r)
    for (uint c = 0; c < 2; ++c) acc[r][c] = simdgroup_float8x8(0.0f);
  for (uint k = 0; k < 16; k += 8) {
    simdgroup_float8x8 ma[2], mb[2];
    for (uint r = 0; r < 2; ++r) simdgroup_load(ma[r], a + r * 8 * 16 + k, 16);
    for (uint c = 0; c < 2; ++c) simdgroup_load(mb[c], b + k * 16 + c * 8, 16);
    for (uint r = 0; r < 2; ++r)
      for (uint c = 0; c < 2; ++c) simdgroup_multiply_accumulate(acc[r][c], ma[r], mb[c], acc[r][c]);
  }
  for (uint r = 0; r < 2; ++r)
    for (uint c = 0; c < 2; ++c) simdgroup_store(acc[r][c], out + r * 8 * 16 + c * 8, 16);
}

void scaled_store(thread simdgroup_float8x8& m, device float* out) { simdgroup_store(m, out, 8); }

kernel void passed_by_reference(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x, 8);
  scaled_store(m, out);
}

kernel void in_uniform_branch(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                              device float* out [[buffer(2)]], uint sg [[simdgroup_index_in_threadgroup]]) {
  simdgroup_float8x8 ma, mb, mc;
  simdgroup_load(ma, a);
  if (sg == 0) {
    simdgroup_load(mb, b);
    simdgroup_multiply(mc, ma, mb);
  } else {
    simdgroup_load(mc, a, 8, ulong2(0), true);
  }
  simdgroup_store(mc, out + sg * 64);
}

kernel void many_groups(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                        device float* out [[buffer(2)]], uint g [[threadgroup_position_in_grid]],
                        uint sg [[simdgroup_index_in_threadgroup]]) {
  ulong at = (g * 2 + sg) * 64;
  simdgroup_float8x8 ma, mb, mc = simdgroup_float8x8(0.0f);
  simdgroup_load(ma, a + at);
  simdgroup_load(mb, b);
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  simdgroup_store(mc, out + at);
}
