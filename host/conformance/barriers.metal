// Threadgroup memory and barriers: in loops, after early returns, in every place a declaration may stand.
#include <metal_stdlib>
using namespace metal;

kernel void reverse(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                    uint i [[thread_position_in_grid]], uint t [[thread_position_in_threadgroup]],
                    uint n [[threads_per_threadgroup]]) {
  threadgroup float tile[1024];
  tile[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = tile[n - 1 - t];
}

kernel void tree_sum(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                     uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                     uint g [[threadgroup_position_in_grid]], uint n [[threads_per_threadgroup]]) {
  threadgroup float partial[1024];
  partial[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint stride = n / 2; stride > 0; stride /= 2) {
    if (t < stride) partial[t] += partial[t + stride];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  if (t == 0) out[g] = partial[0];
}

kernel void scan_in_steps(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                          uint n [[threads_per_threadgroup]]) {
  threadgroup int a[256], b[256];
  threadgroup int* from = a;
  threadgroup int* to = b;
  from[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint d = 1; d < n; d <<= 1) {
    to[t] = t >= d ? from[t] + from[t - d] : from[t];
    threadgroup_barrier(mem_flags::mem_threadgroup);
    threadgroup int* swap = from;
    from = to;
    to = swap;
  }
  out[i] = from[t];
}

kernel void return_before_barrier(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                  constant uint& n [[buffer(2)]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float tile[128];
  if (t >= n) return;
  tile[t] = x[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[t] = tile[(t + 1) % n];
}

kernel void transpose_tile(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                           constant uint2& size [[buffer(2)]], uint2 g [[threadgroup_position_in_grid]],
                           uint2 t [[thread_position_in_threadgroup]]) {
  threadgroup float tile[16][17];
  uint2 from = g * 16 + t;
  if (from.x < size.x && from.y < size.y) tile[t.y][t.x] = x[from.y * size.x + from.x];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  uint2 to = g.yx * 16 + t;
  if (to.x < size.y && to.y < size.x) out[to.y * size.y + to.x] = tile[t.x][t.y];
}

kernel void nested_declaration(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  float r = x[i];
  for (uint k = 0; k < 2; ++k) {
    threadgroup float slot[64];
    slot[t] = r;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    r = slot[t ^ 1] + 1;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  {
    threadgroup float2 pair[64];
    pair[t] = float2(r, 10);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    r = pair[63 - t].x + pair[t].y;
  }
  out[i] = r;
}

kernel void shared_scalar(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup float pivot;
  threadgroup bool found;
  if (t == 5) {
    pivot = x[i];
    found = x[i] > 0;
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = found ? x[i] - pivot : pivot;
}

void stage(threadgroup float* tile, device const float* x, uint t, uint base) { tile[t] = x[base + t] * 2; }

kernel void pointer_to_helper(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                              uint t [[thread_index_in_threadgroup]], uint g [[threadgroup_position_in_grid]],
                              uint n [[threads_per_threadgroup]]) {
  threadgroup float tile[64];
  stage(tile, x, t, g * n);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[g * n + t] = tile[(t + 7) % n];
}

kernel void dynamic_memory(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                           threadgroup float* scratch [[threadgroup(0)]], threadgroup int* other [[threadgroup(1)]],
                           uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                           uint n [[threads_per_threadgroup]]) {
  scratch[t] = x[i];
  other[t] = int(t);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = scratch[(t + 1) % n] + float(other[n - 1 - t]);
}

struct Tile {
  float4 values[8];
  int count;
};

kernel void struct_in_threadgroup(device const float4* x [[buffer(0)]], device float4* out [[buffer(1)]],
                                  uint t [[thread_index_in_threadgroup]]) {
  threadgroup Tile tiles[2];
  tiles[t / 8].values[t % 8] = x[t];
  if (t % 8 == 0) tiles[t / 8].count = int(t);
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[t] = tiles[1 - t / 8].values[7 - t % 8] + float(tiles[1 - t / 8].count);
}

kernel void combined_flags(device float* data [[buffer(0)]], uint t [[thread_index_in_threadgroup]],
                           uint n [[threads_per_threadgroup]]) {
  data[t] = data[t] + 1;
  threadgroup_barrier(mem_flags::mem_device | mem_flags::mem_threadgroup);
  float v = data[(t + 1) % n];
  threadgroup_barrier(mem_flags::mem_device);
  data[t] = v * 2;
}

kernel void one_simdgroup(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                          uint i [[thread_position_in_grid]], uint lane [[thread_index_in_simdgroup]]) {
  threadgroup float line[32];
  line[lane] = x[i];
  simdgroup_barrier(mem_flags::mem_threadgroup);
  float v = line[(lane + 1) % 32];
  simdgroup_barrier(mem_flags::mem_none);
  out[i] = v;
}

kernel void two_dimensional_array(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                                  uint2 t [[thread_position_in_threadgroup]]) {
  threadgroup int grid[4][3][8];
  grid[t.y][1][t.x] = x[t.y * 8 + t.x];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  threadgroup int(*rows)[8] = grid[3 - t.y];
  out[t.y * 8 + t.x] = rows[1][7 - t.x];
}

constant constexpr uint WIDTH = 32;

kernel void constant_sized(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                           uint t [[thread_index_in_threadgroup]]) {
  constexpr uint rows = 2;
  threadgroup uint cells[rows * WIDTH];
  cells[t] = x[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[t] = cells[(t + WIDTH) % (rows * WIDTH)];
}

#define SHARED(type, name, count) threadgroup type name[count]

kernel void declared_by_macro(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                              uint t [[thread_index_in_threadgroup]]) {
  SHARED(uint, cells, 64);
  cells[63 - t] = x[t];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[t] = cells[t];
}

kernel void uniform_barrier_in_branch(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                                      constant uint& rounds [[buffer(2)]], uint t [[thread_index_in_threadgroup]],
                                      uint n [[threads_per_threadgroup]]) {
  threadgroup uint cells[128];
  uint v = x[t];
  if (rounds > 1) {
    for (uint k = 0; k < rounds; ++k) {
      cells[t] = v;
      threadgroup_barrier(mem_flags::mem_threadgroup);
      v = cells[(t + k) % n] + 1;
      threadgroup_barrier(mem_flags::mem_threadgroup);
    }
  }
  out[t] = v;
}

int scan(threadgroup int* cells, int v, uint t, uint n) {
  cells[t] = v;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  for (uint d = 1; d < n; d *= 2) {
    int left = t >= d ? cells[t - d] : 0;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    cells[t] += left;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  return cells[t];
}

kernel void barrier_in_helper(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                              uint n [[threads_per_threadgroup]]) {
  threadgroup int cells[256];
  out[i] = scan(cells, x[i], t, n);
}

kernel void return_in_loop(device uint* out [[buffer(0)]], uint t [[thread_index_in_threadgroup]],
                           uint n [[threads_per_threadgroup]]) {
  threadgroup uint here[128];
  uint seen = 0;
  here[t] = 1;
  for (uint round = 0; round < 4; ++round) {
    if (t % 4 == round) {
      here[t] = 0;
      out[t] = seen;
      return;
    }
    threadgroup_barrier(mem_flags::mem_threadgroup);
    for (uint k = 0; k < n; ++k) seen += here[k];
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
}

kernel void loop_until_uniform(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                               uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                               uint n [[threads_per_threadgroup]]) {
  threadgroup uint cells[64];
  uint v = x[i];
  uint rounds = 0;
  while (true) {
    cells[t] = v;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    uint peak = 0;
    for (uint k = 0; k < n; ++k) peak = max(peak, cells[k]);
    if (peak < 4) break;
    v = cells[(t + 1) % n] / 2;
    ++rounds;
    threadgroup_barrier(mem_flags::mem_threadgroup);
  }
  out[i] = 100 * rounds + v;
}

kernel void two_arrays_reused(device const uint* x [[buffer(0)]], device uint* out [[buffer(1)]],
                              uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]],
                              uint n [[threads_per_threadgroup]]) {
  threadgroup uint total, peak;
  threadgroup uint places[64], values[64];
  places[t] = i;
  values[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  if (t == 0) {
    total = 0;
    for (uint k = 0; k < n; ++k) total += places[k];
  } else if (t == 1) {
    peak = 0;
    for (uint k = 0; k < n; ++k) peak = max(peak, values[k]);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = total + 5 * peak;
}

template <typename T, uint N>
[[kernel]] void turned(device const T* x [[buffer(0)]], device T* out [[buffer(1)]],
                       uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup T cells[N];
  cells[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = cells[(t + N / 2) % N];
}

template [[host_name("turned_float_64")]] [[kernel]] decltype(turned<float, 64>) turned<float, 64>;
template [[host_name("turned_float_32")]] [[kernel]] decltype(turned<float, 32>) turned<float, 32>;
template [[host_name("turned_int_8")]] [[kernel]] decltype(turned<int, 8>) turned<int, 8>;
