// What may stand at program scope: index attributes, tables of vectors and structs, the library's own constants.
#include <metal_stdlib>
using namespace metal;

const uint GRID_INDEX [[thread_position_in_grid]];

kernel void index_at_program_scope(device uint* out [[buffer(0)]]) { out[GRID_INDEX] = GRID_INDEX * 2 + 1; }

constant float3 DIRECTIONS[3] = {float3(1, 0, 0), float3(0, 2, 0), {0, 0, 3}};
struct Entry {
  uint key;
  float value;
};
constant Entry ENTRIES[] = {{3, 0.5f}, {5, 1.5f}, {8, 2.5f}};
constant uint COUNT = sizeof(ENTRIES) / sizeof(Entry);
namespace inner {
constant constexpr float HALF_OF = 0.5f;
static constant const int SIGNS[2] = {1, -1};
}  // namespace inner

float looked_up(uint key) {
  for (uint k = 0; k < COUNT; ++k)
    if (ENTRIES[k].key == key) return ENTRIES[k].value;
  return -1;
}

kernel void tables(device float* out [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  constant float3& d = DIRECTIONS[i % 3];
  out[i * 3 + 0] = d[i % 3];
  out[i * 3 + 1] = looked_up(i);
  out[i * 3 + 2] = inner::HALF_OF * inner::SIGNS[i % 2];
}

kernel void library_constants(device float* out [[buffer(0)]], device uint* words [[buffer(1)]]) {
  out[0] = FLT_MAX;
  out[1] = FLT_MIN;
  out[2] = FLT_EPSILON;
  out[3] = M_PI_F;
  out[4] = M_E_F;
  out[5] = M_SQRT2_F;
  out[6] = M_LN2_F;
  out[7] = M_PI_2_F;
  out[8] = INFINITY;
  out[9] = float(HALF_MAX);
  out[10] = numeric_limits<float>::max();
  out[11] = numeric_limits<float>::lowest();
  out[12] = numeric_limits<float>::infinity();
  out[13] = isnan(NAN) ? 1 : 0;
  words[0] = uint(INT_MAX);
  words[1] = uint(INT_MIN);
  words[2] = UINT_MAX;
  words[3] = CHAR_BIT;
  words[4] = uint(SHRT_MAX);
  words[5] = UCHAR_MAX;
  words[6] = uint(numeric_limits<int>::min());
  words[7] = numeric_limits<ushort>::max();
}

kernel void fixed_arrays(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                         uint i [[thread_position_in_grid]]) {
  array<float, 4> a = {1, 2, 3, 4};
  a[i % 4] = x[i];
  float s = 0;
  for (uint k = 0; k < a.size(); ++k) s += a[k] * float(k + 1);
  out[i] = s;
}
