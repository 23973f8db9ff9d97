// thread_elements(): the two elements of an 8x8 matrix that each lane holds.
#include <metal_simdgroup_matrix>
#include <metal_stdlib>
using namespace metal;

kernel void mapping(device const float* x [[buffer(0)]], device float2* out [[buffer(1)]],
                    uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x);
  out[lane] = float2(m.thread_elements()[0], m.thread_elements()[1]);
}

kernel void scale_in_place(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                           uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_float8x8 m;
  simdgroup_load(m, x);
  thread auto& e = m.thread_elements();
  e[0] *= 2;
  e[1] = e[1] * 2 + 1;
  simdgroup_store(m, out);
}

kernel void product_then_elements(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                                  device float* out [[buffer(2)]], uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_float8x8 ma, mb, mc(0.0f);
  simdgroup_load(ma, a);
  simdgroup_load(mb, b, 8, ulong2(0), true);
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  float peak = simd_max(max(mc.thread_elements()[0], mc.thread_elements()[1]));
  mc.thread_elements()[0] -= peak;
  mc.thread_elements()[1] -= peak;
  simdgroup_store(mc, out);
}

kernel void reinterpreted(device const float* x [[buffer(0)]], device float* out [[buffer(1)]]) {
  simdgroup_matrix<float, 8, 8> m;
  simdgroup_load(m, x);
  float2 v = reinterpret_cast<thread float2&>(m.thread_elements());
  reinterpret_cast<thread float2&>(m.thread_elements()) = v.yx;
  simdgroup_store(m, out);
}

kernel void fills_and_half(device float* out [[buffer(0)]], uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_half8x8 h = make_filled_simdgroup_matrix<half, 8, 8>(2.0h);
  simdgroup_float8x8 d(5.0f);
  d.thread_elements()[0] += float(h.thread_elements()[1]);
  simdgroup_store(d, out);
}

kernel void row_sums(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                     uint lane [[thread_index_in_simdgroup]]) {
  // The four lanes that share a row differ in bits 0 and 3 of the lane.
  simdgroup_float8x8 m;
  simdgroup_load(m, x);
  float s = m.thread_elements()[0] + m.thread_elements()[1];
  s += simd_shuffle_xor(s, 1);
  s += simd_shuffle_xor(s, 8);
  uint row = ((lane / 4) & 4) + (lane / 2) % 4;
  if ((lane & 9) == 0) out[row] = s;
}

kernel void written_then_multiplied(device const float* a [[buffer(0)]], device const float* b [[buffer(1)]],
                                    device float* out [[buffer(2)]]) {
  simdgroup_float8x8 ma, mb, mc(0.0f);
  simdgroup_load(ma, a);
  simdgroup_load(mb, b);
  ma.thread_elements()[0] += 1;
  ma.thread_elements()[1] *= 2;
  simdgroup_multiply_accumulate(mc, ma, mb, mc);
  simdgroup_store(mc, out);
}
