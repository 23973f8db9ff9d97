// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

constant float kWeights[3] = {0.25f, 0.5f, 0.25f};
constant constexpr int kRadius = 1;
constexpr constant uint kTable[] = {1u, 2u, 3u, 4u};
static constant float kScale = 2.0;
constant float2 kPair = float2(1.0f, 2.0f);
constant float4x4 kIdentity = float4x4(1.0f);
kernel void f(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float sum = 0;
  float window[2 * kRadius + 1];
  for (int k = -kRadius; k <= kRadius; ++k) window[k + kRadius] = kWeights[k + kRadius];
  for (int k = 0; k < 3; ++k) sum += window[k];
  y[i] = sum * kScale + float(kTable[i & 3]) + kPair.y + kIdentity[0][0];
}
