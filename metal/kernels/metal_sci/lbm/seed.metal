// One thread a cell: nine pulls, two moments, nine stores.
#include <metal_stdlib>
using namespace metal;

constant constexpr int CX[9] = {0, 1, 0, -1, 0, 1, -1, -1, 1};
constant constexpr int CY[9] = {0, 0, 1, 0, -1, 1, 1, -1, -1};
constant constexpr float WEIGHT[9] = {4.0f / 9.0f,  1.0f / 9.0f,  1.0f / 9.0f,  1.0f / 9.0f, 1.0f / 9.0f,
                                      1.0f / 36.0f, 1.0f / 36.0f, 1.0f / 36.0f, 1.0f / 36.0f};

kernel void lbm_step(device const float *f_in [[buffer(0)]], device float *f_out [[buffer(1)]],
                     constant uint &NX [[buffer(2)]], constant uint &NY [[buffer(3)]],
                     constant float &tau [[buffer(4)]], uint2 gid [[thread_position_in_grid]]) {
  if (gid.x >= NX || gid.y >= NY) {
    return;
  }
  const uint cells = NX * NY;
  float s[9];
  float rho = 0.0f, u = 0.0f, v = 0.0f;
  for (int k = 0; k < 9; ++k) {
    const uint i = (gid.x + NX - uint(CX[k])) % NX;
    const uint j = (gid.y + NY - uint(CY[k])) % NY;
    s[k] = f_in[k * cells + j * NX + i];
    rho += s[k];
    u += float(CX[k]) * s[k];
    v += float(CY[k]) * s[k];
  }
  u /= rho;
  v /= rho;
  const float rest = 1.0f - 1.5f * (u * u + v * v);
  for (int k = 0; k < 9; ++k) {
    const float c = float(CX[k]) * u + float(CY[k]) * v;
    const float balance = WEIGHT[k] * rho * (rest + 3.0f * c + 4.5f * c * c);
    f_out[k * cells + gid.y * NX + gid.x] = s[k] - (s[k] - balance) / tau;
  }
}
