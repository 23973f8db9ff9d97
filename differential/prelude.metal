#include <metal_stdlib>
using namespace metal;

struct Params {
  uint a;
  int b;
  float c;
  uint n;
  uint4 d;
};

// Exact: a multiple of a quarter, from 0 to 256 or 32; of a half, from 0 to 8.
template <typename T> static T fold_float(T x) {
  x = floor(x * T(4.0f)) * T(0.25f);
  return x - T(256.0f) * floor(x * T(0.00390625f));
}
template <typename T> static T fold_half(T x) {
  x = floor(x * T(4.0f)) * T(0.25f);
  return x - T(32.0f) * floor(x * T(0.03125f));
}
template <typename T> static T fold_bfloat(T x) {
  x = floor(x * T(2.0f)) * T(0.5f);
  return x - T(8.0f) * floor(x * T(0.125f));
}

// The lane that is wanted if it is active, else the first that is.
static uint chosen(uint want, uint active) {
  return (active >> want) & 1u ? want : ctz(active);
}
template <typename T> static T shuffled(T value, uint want) {
  const uint active = uint(simd_vote::vote_t(simd_active_threads_mask()));
  return simd_shuffle(value, ushort(chosen(want & 31u, active)));
}
template <typename T> static T quad_shuffled(T value, uint want) {
  const uint active = uint(quad_vote::vote_t(quad_active_threads_mask()));
  return quad_shuffle(value, ushort(chosen(want & 3u, active)));
}

template <typename T, int N> static T twisted(T a, uint n) {
  T b = a;
  for (int i = 0; i < N; ++i) {
    if ((n >> i) & 1u)
      b = (b ^ a) + T(uint(i) * 5u + 1u);
    else
      b = b * T(3);
  }
  return b;
}

static uint digest(uint v) { return v; }
static uint digest(int v) { return uint(v); }
static uint digest(ushort v) { return v; }
static uint digest(short v) { return uint(int(v)); }
static uint digest(uchar v) { return v; }
static uint digest(char v) { return uint(int(v)); }
static uint digest(bool v) { return v ? 1u : 0u; }
static uint digest(ulong v) { return uint(v) ^ uint(v >> 32); }
static uint digest(long v) { return digest(ulong(v)); }
static uint digest(float v) { return as_type<uint>(fabs(v)) ^ (v < 0.0f ? 0x80000000u : 0u); }
static uint digest(half v) { return digest(float(v)); }
static uint digest(bfloat v) { return digest(float(v)); }
template <typename T> static uint digest(vec<T, 2> v) { return digest(v.x) * 31u + digest(v.y); }
template <typename T> static uint digest(vec<T, 3> v) { return digest(v.xy) * 31u + digest(v.z); }
template <typename T> static uint digest(vec<T, 4> v) { return digest(v.xyz) * 31u + digest(v.w); }
