// expect: copy mode=loop buffers=0,1
#include <metal_stdlib>
using namespace metal;

[[kernel]] void copy(device const float* src [[buffer(0)]], device float* dst [[buffer(1)]],
                     uint id [[thread_position_in_grid]]) {
  dst[id] = src[id];
}
