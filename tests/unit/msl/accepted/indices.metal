// expect: f mode=fiber buffers=0
#include <metal_stdlib>
using namespace metal;

kernel void f(device uint* y [[buffer(0)]],
    ushort3 a [[thread_position_in_grid]], ushort3 b [[threads_per_grid]], ushort3 c [[thread_position_in_threadgroup]],
    ushort3 d [[threads_per_threadgroup]], ushort3 e [[dispatch_threads_per_threadgroup]], ushort3 g [[threadgroup_position_in_grid]],
    ushort3 h [[threadgroups_per_grid]], ushort j [[thread_index_in_threadgroup]], ushort k [[thread_index_in_simdgroup]],
    uint l [[simdgroup_index_in_threadgroup]], ushort m [[threads_per_simdgroup]], uint n [[simdgroups_per_threadgroup]],
    uint o [[dispatch_simdgroups_per_threadgroup]], uint p [[thread_index_in_quadgroup]], uint q [[quadgroup_index_in_threadgroup]],
    uint r [[quadgroups_per_threadgroup]], uint s [[thread_execution_width]]) {
  uint total = a.x + b.y + c.z + d.x + e.y + g.z + h.x + j + k + l + m + n + o + p + q + r + s;
  y[a.x] = simd_sum(total);
}
