// expect: nothing mode=loop buffers=
#include <metal_stdlib>
using namespace metal;

kernel void nothing() {}
