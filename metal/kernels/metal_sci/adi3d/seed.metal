// Thomas' algorithm, one thread a line; the factors of the line stay in the thread.
#include <metal_stdlib>
using namespace metal;

constant constexpr uint MAX_N = 256;

// Solve one line of n values, `stride` apart. `edge`: it lies in a face and is copied.
inline void solve(device const float *u, device float *v, uint n, uint stride, bool edge, float mu) {
  if (edge || n < 3) {
    for (uint i = 0; i < n; ++i) {
      v[i * stride] = u[i * stride];
    }
    return;
  }
  float upper[MAX_N], right[MAX_N];
  const float b = 1.0f + 2.0f * mu;
  const uint last = n - 2;
  const float end = u[(n - 1) * stride];
  upper[0] = 0.0f;
  right[0] = u[0];
  for (uint i = 1; i <= last; ++i) {
    const float pivot = b + mu * upper[i - 1];
    const float value = u[i * stride] + (i == last ? mu * end : 0.0f);
    upper[i] = -mu / pivot;
    right[i] = (value + mu * right[i - 1]) / pivot;
  }
  v[0] = u[0];
  v[(n - 1) * stride] = end;
  float next = right[last];
  v[last * stride] = next;
  for (uint i = last; i-- > 1;) {
    next = right[i] - upper[i] * next;
    v[i * stride] = next;
  }
}

kernel void adi_x(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint j = gid.x, k = gid.y;
  if (j < NY && k < NZ) {
    const uint at = (k * NY + j) * NX;
    solve(u_in + at, u_out + at, NX, 1, j == 0 || k == 0 || j == NY - 1 || k == NZ - 1, mu);
  }
}

kernel void adi_y(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint i = gid.x, k = gid.y;
  if (i < NX && k < NZ) {
    const uint at = k * NY * NX + i;
    solve(u_in + at, u_out + at, NY, NX, i == 0 || k == 0 || i == NX - 1 || k == NZ - 1, mu);
  }
}

kernel void adi_z(device const float *u_in [[buffer(0)]], device float *u_out [[buffer(1)]],
                  constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]], constant uint &NZ [[buffer(4)]],
                  constant float &mu [[buffer(5)]], uint2 gid [[thread_position_in_grid]]) {
  const uint i = gid.x, j = gid.y;
  if (i < NX && j < NY) {
    const uint at = j * NX + i;
    solve(u_in + at, u_out + at, NZ, NX * NY, i == 0 || j == 0 || i == NX - 1 || j == NY - 1, mu);
  }
}
