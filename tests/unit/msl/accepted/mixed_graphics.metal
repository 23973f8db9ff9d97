// expect: compute mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

struct Vertex { float4 position [[position]]; float2 uv [[user(uv)]]; };
vertex Vertex vert(uint id [[vertex_id]], constant float4* p [[buffer(0)]]) { Vertex v; v.position = p[id]; v.uv = 0; return v; }
fragment half4 frag(Vertex in [[stage_in]], texture2d<half> image [[texture(0)]]) { constexpr sampler s(filter::linear); return image.sample(s, in.uv); }
kernel void blur(texture2d<float, access::read> t [[texture(0)]], device float* y [[buffer(0)]], uint2 i [[thread_position_in_grid]]) { y[i.x] = t.read(i).x; }
kernel void compute(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = 1.0f; }
