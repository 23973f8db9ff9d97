// expect: f mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

struct Params {
  uint n;
  float scale;
  packed_float3 origin;
  float weights[4];
};
typedef struct {
  float3 position;
  uint id;
} Particle;
kernel void f(device Particle* p [[buffer(0)]], constant Params& params [[buffer(1)]], uint i [[thread_position_in_grid]]) {
  if (i >= params.n) return;
  p[i].position = p[i].position * params.scale + float3(params.origin) + params.weights[i % 4];
}
