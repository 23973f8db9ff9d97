// Every grid, threadgroup, SIMD-group and quad-group index attribute, in scalar, vector and 16-bit forms.
#include <metal_stdlib>
using namespace metal;

kernel void grid_1d(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]]) { out[i] = i; }

kernel void grid_1d_ushort(device uint* out [[buffer(0)]], ushort i [[thread_position_in_grid]]) { out[i] = i * 3u; }

kernel void grid_2d(device uint* out [[buffer(0)]], uint2 p [[thread_position_in_grid]],
                    uint2 n [[threads_per_grid]]) {
  out[p.y * n.x + p.x] = p.x * 100 + p.y;
}

kernel void grid_3d(device uint* out [[buffer(0)]], uint3 p [[thread_position_in_grid]],
                    uint3 n [[threads_per_grid]]) {
  out[(p.z * n.y + p.y) * n.x + p.x] = p.x + 10 * p.y + 100 * p.z;
}

kernel void grid_3d_ushort(device uint* out [[buffer(0)]], ushort3 p [[thread_position_in_grid]],
                           ushort3 n [[threads_per_grid]]) {
  out[(p.z * n.y + p.y) * n.x + p.x] = p.x + 10 * p.y + 100 * p.z;
}

kernel void local_position(device uint* out [[buffer(0)]], uint2 p [[thread_position_in_grid]],
                           uint2 n [[threads_per_grid]], uint2 t [[thread_position_in_threadgroup]]) {
  out[p.y * n.x + p.x] = t.x * 100 + t.y;
}

kernel void group_position(device uint* out [[buffer(0)]], uint2 p [[thread_position_in_grid]],
                           uint2 n [[threads_per_grid]], uint2 g [[threadgroup_position_in_grid]],
                           uint2 groups [[threadgroups_per_grid]]) {
  out[p.y * n.x + p.x] = g.y * groups.x + g.x;
}

kernel void edge_sizes(device uint* out [[buffer(0)]], uint2 p [[thread_position_in_grid]],
                       uint2 n [[threads_per_grid]], uint2 actual [[threads_per_threadgroup]],
                       uint2 nominal [[dispatch_threads_per_threadgroup]]) {
  out[p.y * n.x + p.x] = actual.x + 10 * actual.y + 100 * nominal.x + 1000 * nominal.y;
}

kernel void linear_index(device uint* out [[buffer(0)]], uint3 p [[thread_position_in_grid]],
                         uint3 n [[threads_per_grid]], uint t [[thread_index_in_threadgroup]]) {
  out[(p.z * n.y + p.y) * n.x + p.x] = t;
}

kernel void lane_and_simdgroup(device uint* out [[buffer(0)]], uint2 p [[thread_position_in_grid]],
                               uint2 n [[threads_per_grid]], uint lane [[thread_index_in_simdgroup]],
                               uint sg [[simdgroup_index_in_threadgroup]]) {
  out[p.y * n.x + p.x] = sg * 100 + lane;
}

kernel void lane_ushort(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]],
                        ushort lane [[thread_index_in_simdgroup]], ushort sg [[simdgroup_index_in_threadgroup]]) {
  out[i] = uint(sg) * 100 + lane;
}

kernel void simdgroup_counts(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]],
                             uint count [[simdgroups_per_threadgroup]],
                             uint nominal [[dispatch_simdgroups_per_threadgroup]],
                             uint width [[threads_per_simdgroup]]) {
  out[i] = count + 100 * nominal + 10000 * width;
}

kernel void execution_width(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]],
                            uint width [[thread_execution_width]]) {
  out[i] = width;
}

kernel void quad_indices(device uint* out [[buffer(0)]], uint i [[thread_position_in_grid]],
                         uint lane [[thread_index_in_quadgroup]], uint quad [[quadgroup_index_in_threadgroup]],
                         uint quads [[quadgroups_per_threadgroup]]) {
  out[i] = lane + 10 * quad + 1000 * quads;
}

kernel void attribute_before_name(device uint* out [[buffer(0)]],
                                  const uint3 group [[threadgroup_position_in_grid]],
                                  const uint3 size [[threads_per_threadgroup]],
                                  const uint3 local [[thread_position_in_threadgroup]]) {
  out[group.x * size.x + local.x] = group.x * 1000 + local.x;
}

kernel void origin_is_zero(device uint* out [[buffer(0)]], uint3 p [[thread_position_in_grid]],
                           uint3 o [[grid_origin]], uint3 s [[grid_size]]) {
  out[p.x] = o.x + o.y + o.z + s.x;
}

kernel void all_sizes(device uint* out [[buffer(0)]], ushort3 p [[thread_position_in_grid]],
                      ushort3 n [[threads_per_grid]], ushort3 groups [[threadgroups_per_grid]]) {
  uint total = uint(n.x) * n.y * n.z;
  out[(p.z * n.y + p.y) * n.x + p.x] = total + 1000 * (groups.x + 10 * groups.y + 100 * groups.z);
}
