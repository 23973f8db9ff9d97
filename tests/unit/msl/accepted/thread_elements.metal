// expect: t mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void t(device float* y [[buffer(0)]], uint lane [[thread_index_in_simdgroup]]) {
  simdgroup_matrix<float, 8, 8> m;
  simdgroup_load(m, y, 8);
  thread auto& e = m.thread_elements();
  e[0] *= 2.0f; m.thread_elements()[1] += 1.0f;
  simdgroup_store(m, y, 8);
}
