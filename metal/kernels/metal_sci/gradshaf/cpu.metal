// One thread a row. A step leaves the maximum of each row that it writes, so that finding the axis reads only those.
//! scratch row_max: float NZ
//! dispatch gradshaf_row_max grid: NZ threadgroup: min(NZ, 8) bind 0=psi_in bind 1=row_max bind 2=NR bind 3=NZ
//! repeat: steps swap: psi_in,psi_out
//! dispatch gradshaf_axis_reduce grid: 1 threadgroup: 1 bind 0=row_max bind 1=psi_axis bind 2=NZ
//! dispatch gradshaf_step grid: NZ threadgroup: min(NZ, 8) bind 11=row_max
//! end
#include <metal_stdlib>
using namespace metal;

kernel void gradshaf_row_max(device const float *psi [[buffer(0)]], device float *row_max [[buffer(1)]],
                             constant uint &NR [[buffer(2)]], constant uint &NZ [[buffer(3)]],
                             uint row [[thread_position_in_grid]]) {
  float largest = -INFINITY;
  const uint width = row == 0 || row == NZ - 1 ? 0 : NR - 1;
  for (uint i = 1; i < width; ++i) {
    largest = max(largest, psi[row * NR + i]);
  }
  row_max[row] = largest;
}

kernel void gradshaf_axis_reduce(device const float *row_max [[buffer(0)]], device float *psi_axis [[buffer(1)]],
                                 constant uint &NZ [[buffer(2)]]) {
  float largest = row_max[1];
  for (uint j = 2; j + 1 < NZ; ++j) {
    largest = max(largest, row_max[j]);
  }
  psi_axis[0] = largest;
}

kernel void gradshaf_step(device const float *psi_in [[buffer(0)]], device float *psi_out [[buffer(1)]],
                          device const float *psi_axis [[buffer(2)]], constant uint &NR [[buffer(3)]],
                          constant uint &NZ [[buffer(4)]], constant float &Rmin [[buffer(5)]],
                          constant float &dR [[buffer(6)]], constant float &dZ [[buffer(7)]],
                          constant float &p_axis [[buffer(8)]], constant float &mu0 [[buffer(9)]],
                          constant float &omega [[buffer(10)]], device float *row_max [[buffer(11)]],
                          uint row [[thread_position_in_grid]]) {
  const uint width = NR;
  device const float *here = psi_in + row * width;
  device float *out = psi_out + row * width;
  if (row == 0 || row == NZ - 1) {
    for (uint i = 0; i < width; ++i) {
      out[i] = here[i];
    }
    row_max[row] = -INFINITY;
    return;
  }
  device const float *above = here + width, *below = here - width;
  const float across = 1.0f / (dR * dR), along = 1.0f / (dZ * dZ), half_step = 0.5f / dR;
  const float centre = -2.0f * across - 2.0f * along, scale = omega / centre;
  const float inverse = 1.0f / psi_axis[0], drive = -4.0f * mu0 * p_axis, edge = Rmin, step = dR;
  float largest = -INFINITY;
  out[0] = here[0];
  for (uint i = 1; i < width - 1; ++i) {
    const float psi = here[i];
    const float R = edge + float(i) * step;
    const float slope = half_step / R;
    const float pn = psi * inverse;
    const float inside = pn * (1.0f - pn);
    const float rhs = drive * R * R * max(inside, 0.0f);
    const float around = across * (here[i - 1] + here[i + 1]) + slope * (here[i - 1] - here[i + 1]) +
                         along * (above[i] + below[i]) + centre * psi;
    const float next = psi + scale * (rhs - around);
    out[i] = next;
    largest = max(largest, next);
  }
  out[width - 1] = here[width - 1];
  row_max[row] = largest;
}
