// Address spaces as part of a type: overloads on pointers and methods, references, arrays of pointers.
#include <metal_stdlib>
using namespace metal;

float first(device const float* p) { return p[0]; }
float first(threadgroup const float* p) { return p[0] * 10; }
float first(thread const float* p) { return p[0] * 100; }
float first(constant float* p) { return p[0] * 1000; }

kernel void overloaded_pointers(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                constant float* table [[buffer(2)]], uint i [[thread_position_in_grid]],
                                uint t [[thread_index_in_threadgroup]]) {
  threadgroup float tile[32];
  float own[2] = {x[i], 0};
  tile[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i * 4 + 0] = first(x + i);
  out[i * 4 + 1] = first(tile + t);
  out[i * 4 + 2] = first(own);
  out[i * 4 + 3] = first(table + i % 4);
}

struct Pair {
  float a, b;
  float sum() const thread { return a + b; }
  float sum() const device { return a + b; }
  float sum() const threadgroup { return a + b; }
  float sum() const constant { return a + b; }
  void swap() thread {
    float t = a;
    a = b;
    b = t;
  }
};

kernel void qualified_methods(device const Pair* x [[buffer(0)]], device float* out [[buffer(1)]],
                              constant Pair& c [[buffer(2)]], uint i [[thread_position_in_grid]],
                              uint t [[thread_index_in_threadgroup]]) {
  threadgroup Pair tile[32];
  tile[t] = x[i];
  Pair own = x[i];
  own.swap();
  out[i * 4 + 0] = x[i].sum();
  out[i * 4 + 1] = tile[t].sum();
  out[i * 4 + 2] = own.sum() + 100 * own.a;
  out[i * 4 + 3] = c.sum();
}

void add_to(device float& cell, float v) { cell += v; }
void add_to(thread float& cell, float v) { cell -= v; }

kernel void overloaded_references(device float* data [[buffer(0)]], uint i [[thread_position_in_grid]]) {
  float own = 1;
  add_to(own, 0.25f);
  add_to(data[i], own);
}

template <typename T>
METAL_FUNC T loaded(device const T* p) {
  return p[0];
}
template <typename T>
METAL_FUNC T loaded(threadgroup const T* p) {
  return p[0] + T(1);
}

kernel void overloaded_templates(device const int* x [[buffer(0)]], device int* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]], uint t [[thread_index_in_threadgroup]]) {
  threadgroup int tile[32];
  tile[t] = x[i];
  threadgroup_barrier(mem_flags::mem_threadgroup);
  out[i] = loaded(x + i) * 1000 + loaded(&tile[t]);
}

struct View {
  device const float* from;
  device float* to;
  uint n;
};

float total(View v) {
  float s = 0;
  for (uint k = 0; k < v.n; ++k) s += v.from[k];
  return s;
}

kernel void pointers_in_a_struct(device const float* x [[buffer(0)]], device float* out [[buffer(1)]],
                                 uint i [[thread_position_in_grid]]) {
  View v = {x + i, out + i, 3};
  *v.to = total(v);
}

kernel void chosen_pointer(device const float* x [[buffer(0)]], device const float* y [[buffer(1)]],
                           device float* out [[buffer(2)]], uint i [[thread_position_in_grid]]) {
  device const float* both[2] = {x, y};
  device const float* from = i % 3 ? both[i % 2] : y + 1;
  out[i] = from[i];
}
