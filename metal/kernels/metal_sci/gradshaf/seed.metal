// The maximum by a tree in one threadgroup, then one thread a cell.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_WIDTH = 256;

kernel void gradshaf_axis_reduce(device const float *psi [[buffer(0)]], device float *psi_axis [[buffer(1)]],
                                 constant uint &NR [[buffer(2)]], constant uint &NZ [[buffer(3)]],
                                 uint tid [[thread_position_in_threadgroup]], uint tgsize [[threads_per_threadgroup]]) {
  threadgroup float largest[MAX_WIDTH];
  const uint width = NR - 2, count = width * (NZ - 2);
  float mine = -INFINITY;
  for (uint n = tid; n < count; n += tgsize) {
    mine = max(mine, psi[(n / width + 1) * NR + n % width + 1]);
  }
  largest[tid] = mine;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint half_width = tgsize / 2; half_width > 0; half_width /= 2) {
    if (tid < half_width) {
      largest[tid] = max(largest[tid], largest[tid + half_width]);
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (tid == 0) {
    psi_axis[0] = largest[0];
  }
}

kernel void gradshaf_step(device const float *psi_in [[buffer(0)]], device float *psi_out [[buffer(1)]],
                          device const float *psi_axis [[buffer(2)]], constant uint &NR [[buffer(3)]],
                          constant uint &NZ [[buffer(4)]], constant float &Rmin [[buffer(5)]],
                          constant float &dR [[buffer(6)]], constant float &dZ [[buffer(7)]],
                          constant float &p_axis [[buffer(8)]], constant float &mu0 [[buffer(9)]],
                          constant float &omega [[buffer(10)]], uint2 gid [[thread_position_in_grid]]) {
  const uint i = gid.x, j = gid.y;
  if (i >= NR || j >= NZ) {
    return;
  }
  const uint at = j * NR + i;
  const float psi = psi_in[at];
  if (i == 0 || j == 0 || i == NR - 1 || j == NZ - 1) {
    psi_out[at] = psi;
    return;
  }
  const float R = Rmin + float(i) * dR;
  const float across = 1.0f / (dR * dR), slope = 1.0f / (2.0f * R * dR), along = 1.0f / (dZ * dZ);
  const float centre = -2.0f * across - 2.0f * along;
  const float pn = psi / psi_axis[0];
  const float current = pn > 0.0f && pn < 1.0f ? R * p_axis * 4.0f * pn * (1.0f - pn) : 0.0f;
  const float rhs = -mu0 * R * current;
  const float around = (across + slope) * psi_in[at - 1] + (across - slope) * psi_in[at + 1] +
                       along * (psi_in[at + NR] + psi_in[at - NR]);
  psi_out[at] = psi + omega * (rhs - (around + centre * psi)) / centre;
}
