// One thread sixteen lines side by side, in its own memory; the roots of unity come from a table made first.
//! scratch roots: float pow2(logN)
//! dispatch fft3d_roots grid: pow2(logN - 1) threadgroup: 1 bind 0=roots bind 1=N
//! dispatch fft3d_x grid: max(1, pow2(2 * logN) / 16) threadgroup: 1 bind 3=roots
//! dispatch fft3d_y grid: max(1, pow2(2 * logN) / 16) threadgroup: 1 bind 0=out_data bind 1=in_data bind 3=roots
//! dispatch fft3d_z grid: max(1, pow2(2 * logN) / 16) threadgroup: 1 bind 3=roots
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_N = 512, WIDE = 16;

kernel void fft3d_roots(device float2 *roots [[buffer(0)]], constant uint &N [[buffer(1)]],
                        uint k [[thread_position_in_grid]]) {
  const float angle = -2.0f * M_PI_F * float(k) / float(N);
  roots[k] = float2(cos(angle), sin(angle));
}

// WIDTH lines, which begin at `starts`, each of N elements `stride` apart.
template <uint WIDTH>
inline void transform(device const float2 *in_data, device float2 *out_data, thread const uint *starts, uint N,
                      uint stride, device const float2 *roots) {
  float re[MAX_N][WIDTH], im[MAX_N][WIDTH];
  const uint shift = 32 - (31 - clz(N));
  for (uint i = 0; i < N; ++i) {
    const uint to = reverse_bits(i) >> shift;
    for (uint l = 0; l < WIDTH; ++l) {
      const float2 value = in_data[starts[l] + i * stride];
      re[to][l] = value.x;
      im[to][l] = value.y;
    }
  }
  for (uint reach = 1; reach < N; reach *= 2) {
    const uint turn = N / (2 * reach);
    for (uint place = 0; place < reach; ++place) {
      const float c = roots[place * turn].x, s = roots[place * turn].y;
      for (uint low = place; low < N; low += 2 * reach) {
        const uint high = low + reach;
        for (uint l = 0; l < WIDTH; ++l) {
          const float x = re[high][l] * c - im[high][l] * s;
          const float y = re[high][l] * s + im[high][l] * c;
          re[high][l] = re[low][l] - x;
          im[high][l] = im[low][l] - y;
          re[low][l] += x;
          im[low][l] += y;
        }
      }
    }
  }
  for (uint i = 0; i < N; ++i) {
    for (uint l = 0; l < WIDTH; ++l) {
      out_data[starts[l] + i * stride] = float2(re[i][l], im[i][l]);
    }
  }
}

// A cube of side 2 has four lines; all larger ones have a multiple of sixteen.
inline void pass(device const float2 *in_data, device float2 *out_data, thread const uint *starts, uint N, uint stride,
                 device const float2 *roots) {
  if (N == 2) {
    transform<4>(in_data, out_data, starts, N, stride, roots);
  } else {
    transform<WIDE>(in_data, out_data, starts, N, stride, roots);
  }
}

kernel void fft3d_x(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], device const float2 *roots [[buffer(3)]],
                    uint part [[thread_position_in_grid]]) {
  uint starts[WIDE];
  for (uint l = 0; l < WIDE; ++l) {
    starts[l] = (part * WIDE + l) * N;
  }
  pass(in_data, out_data, starts, N, 1, roots);
}

kernel void fft3d_y(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], device const float2 *roots [[buffer(3)]],
                    uint part [[thread_position_in_grid]]) {
  uint starts[WIDE];
  for (uint l = 0; l < WIDE; ++l) {
    const uint line = part * WIDE + l;
    starts[l] = (line / N) * N * N + line % N;
  }
  pass(in_data, out_data, starts, N, N, roots);
}

kernel void fft3d_z(device const float2 *in_data [[buffer(0)]], device float2 *out_data [[buffer(1)]],
                    constant uint &N [[buffer(2)]], device const float2 *roots [[buffer(3)]],
                    uint part [[thread_position_in_grid]]) {
  uint starts[WIDE];
  for (uint l = 0; l < WIDE; ++l) {
    starts[l] = part * WIDE + l;
  }
  pass(in_data, out_data, starts, N, N * N, roots);
}
