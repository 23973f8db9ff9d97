// Rows are scanned in one read, masked as they are loaded. One SIMD-group a row where rows are many, without a barrier;
// up to 32 where they are few.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_scan.h"
#include <metal_stdlib>
using namespace metal;

struct LoadMasked {
  device const float *x;
  device const float *mask;
  float4 at(uint first, uint count) const { return row::load4(x, first, count) * row::load4(mask, first, count); }
};

kernel void masked_cumsum_f32(device const float *x [[buffer(0)]], device const float *m [[buffer(1)]],
                              device float *y [[buffer(2)]], constant uint &C [[buffer(3)]],
                              uint2 position [[thread_position_in_grid]],
                              uint2 local [[thread_position_in_threadgroup]],
                              uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::ScanPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * C;
  row::scan<row::Adding, true>(LoadMasked{x + start, m + start}, row::Store{y + start}, C, team, partials);
}
