// expect: f mode=loop buffers=0
#include <metal_stdlib>
using namespace metal;

%:define ONE \
  1.0\
f
kernel void f(device float* y <:<:buffer(0):>:>, uint i [[thread_position_in_grid]]) <%
  y<:i:> = ON\
E;
%>
