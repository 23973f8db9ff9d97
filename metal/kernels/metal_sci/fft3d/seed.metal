// Bit-reversed Cooley and Tukey on one line a threadgroup, one thread an element, a barrier after every stage.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_N = 1024;

inline float2 times(float2 a, float2 b) { return float2(a.x * b.x - a.y * b.y, a.x * b.y + a.y * b.x); }

// The element at `i` of the transform of the line whose elements the threads bring.
inline float2 transformed(float2 mine, uint i, uint N, threadgroup float2 *line) {
  const uint bits = 31 - clz(N);
  line[reverse_bits(i) >> (32 - bits)] = mine;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint reach = 1; reach < N; reach *= 2) {
    const uint place = i & (reach - 1), low = (i & ~(2 * reach - 1)) + place;
    const float angle = -M_PI_F * float(place) / float(reach);
    const float2 turned = times(line[low + reach], float2(cos(angle), sin(angle)));
    const float2 sum = (i & reach) == 0 ? line[low] + turned : line[low] - turned;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    line[i] = sum;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  return line[i];
}

kernel void fft3d_x(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], uint3 gid [[thread_position_in_grid]]) {
  threadgroup float2 line[MAX_N];
  const uint at = gid.y * N + gid.x;
  out_data[at] = transformed(in_data[at], gid.x, N, line);
}

kernel void fft3d_y(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], uint3 gid [[thread_position_in_grid]]) {
  threadgroup float2 line[MAX_N];
  const uint at = ((gid.y / N) * N + gid.x) * N + gid.y % N;
  out_data[at] = transformed(in_data[at], gid.x, N, line);
}

kernel void fft3d_z(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], uint3 gid [[thread_position_in_grid]]) {
  threadgroup float2 line[MAX_N];
  const uint at = (gid.x * N + gid.y / N) * N + gid.y % N;
  out_data[at] = transformed(in_data[at], gid.x, N, line);
}
