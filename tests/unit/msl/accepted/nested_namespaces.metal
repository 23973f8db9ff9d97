// expect: run mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

namespace a { namespace b { inline float g(float x) { return x; } kernel void run(device float* y [[buffer(0)]], uint i [[thread_position_in_grid]]) { y[i] = g(y[i]); } } }
namespace c = a::b;
namespace a::d { constant float k = 1.0f; }
