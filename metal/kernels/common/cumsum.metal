// Rows are scanned in one read, 1024 columns of a SIMD-group at a time. One SIMD-group a row where rows are many,
// without a barrier; up to 32 where they are few, with one barrier for every 1024 columns of each.
//! grid: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) rows 1
//! threadgroup: 32 * min(ceil_div(4096, rows), ceil_div(cols, 1024), 32) max(8 / ceil_div(4096, rows), 1) 1
#include "row_scan.h"
#include <metal_stdlib>
using namespace metal;

kernel void cumsum_f32(device const float *x [[buffer(0)]], device float *y [[buffer(1)]],
                       constant uint &N [[buffer(2)]], uint2 position [[thread_position_in_grid]],
                       uint2 local [[thread_position_in_threadgroup]], uint2 extent [[threads_per_threadgroup]]) {
  threadgroup row::ScanPartials partials;
  const row::Team team = row::Team::of(local, extent);
  const ulong start = ulong(position.y) * N;
  row::scan<row::Adding, true>(row::Load{x + start}, row::Store{y + start}, N, team, partials);
}
