// expect: softmax_f32 mode=fiber buffers=0,1,2
// expect: softmax_f16 mode=fiber buffers=0,1,2
// expect: reduce_sum mode=fiber buffers=0,1,2
// expect: copy_g mode=loop buffers=0,1,2,3,4,5
#include <metal_atomic>
#include <metal_math>
#include <metal_simdgroup>
#include <metal_stdlib>
using namespace metal;

typedef half float16_t;
static constant constexpr int kSimdSize = 32;
constant bool has_mask [[function_constant(10)]];
constant const bool flipped [[function_constant(11)]];

template <typename U>
struct Limits {
  static const constant U max = metal::numeric_limits<U>::max();
  static const constant U finite_min = metal::numeric_limits<U>::lowest();
};
#define float_limit(type)                                                             \
  template <>                                                                         \
  struct Limits<type> {                                                               \
    static constexpr constant type max = metal::numeric_limits<type>::infinity();     \
    static constexpr constant type min = -metal::numeric_limits<type>::infinity();    \
    static constexpr constant type finite_min = -metal::numeric_limits<type>::max();  \
  };
float_limit(float);
float_limit(half);

struct complex64_t;
template <typename T>
static constexpr constant bool converts = !is_same_v<T, complex64_t> && is_convertible_v<T, float>;

struct complex64_t {
  float real;
  float imag;
  constexpr complex64_t(float r, float i) : real(r), imag(i) {}
  template <typename T, typename = typename enable_if<converts<T>>::type>
  constexpr complex64_t(T x) thread : real(x), imag(0) {}
  template <typename T, typename = typename enable_if<converts<T>>::type>
  constexpr complex64_t(T x) device : real(x), imag(0) {}
  constexpr operator float() const thread { return real; }
  constexpr operator float() const device { return real; }
};
constexpr complex64_t operator+(complex64_t a, complex64_t b) { return {a.real + b.real, a.imag + b.imag}; }

template <typename IdxT = int64_t>
METAL_FUNC IdxT elem_to_loc(uint3 elem, constant const int* shape, constant const int64_t* strides, int ndim) {
  IdxT loc = elem.x * IdxT(strides[ndim - 1]) + elem.y * IdxT(strides[ndim - 2]);
  for (int d = ndim - 3; d >= 0; --d) {
    loc += (elem.z % shape[d]) * IdxT(strides[d]);
    elem.z /= shape[d];
  }
  return loc;
}

inline uint64_t simd_shuffle_down(uint64_t data, uint16_t delta) {
  return as_type<uint64_t>(metal::simd_shuffle_down(as_type<uint2>(data), delta));
}
inline bool simd_shuffle_down(bool data, uint16_t delta) {
  return simd_shuffle_down(static_cast<uint32_t>(data), delta);
}

template <typename U>
struct Sum {
  template <typename T>
  T simd_reduce(T val) { return simd_sum(val); }
  static constexpr constant U init = U(0);
  template <typename T>
  METAL_FUNC void atomic_update(device atomic<T>* out, T val, size_t offset = 0) {
    atomic_fetch_add_explicit(&(out[offset]), val, memory_order_relaxed);
  }
  U operator()(U a, U b) { return a + b; }
};

template <typename T, typename AccT = T, int N_READS = 4>
[[kernel]] void softmax(
    const device T* in,
    device T* out,
    constant int& axis_size,
    uint gid [[threadgroup_position_in_grid]],
    uint lid [[thread_position_in_threadgroup]],
    uint simd_lane_id [[thread_index_in_simdgroup]],
    uint simd_group_id [[simdgroup_index_in_threadgroup]]) {
  constexpr int SIMD_SIZE = 32;
  threadgroup AccT local_max[SIMD_SIZE];
  threadgroup AccT local_normalizer[SIMD_SIZE];
  AccT ld[N_READS];
  in += gid * size_t(axis_size) + lid * N_READS;
  if (lid * N_READS + N_READS <= uint(axis_size)) {
    for (int i = 0; i < N_READS; i++) { ld[i] = AccT(in[i]); }
  } else {
    for (int i = 0; i < N_READS; i++)
      ld[i] = ((lid * N_READS + i) < uint(axis_size)) ? AccT(in[i]) : Limits<AccT>::min;
  }
  if (simd_group_id == 0) { local_max[simd_lane_id] = Limits<AccT>::min; local_normalizer[simd_lane_id] = 0; }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  AccT maxval = Limits<AccT>::finite_min;
  for (int i = 0; i < N_READS; i++) maxval = (maxval < ld[i]) ? ld[i] : maxval;
  maxval = simd_max(maxval);
  if (simd_lane_id == 0) local_max[simd_group_id] = maxval;
  threadgroup_barrier(mem_flags::mem_threadgroup);
  maxval = simd_max(local_max[simd_lane_id]);
  AccT normalizer = 0;
  for (int i = 0; i < N_READS; i++) { ld[i] = fast::exp(float(ld[i] - maxval)); normalizer += ld[i]; }
  normalizer = simd_sum(normalizer);
  out += gid * size_t(axis_size) + lid * N_READS;
  for (int i = 0; i < N_READS; i++) if ((lid * N_READS + i) < uint(axis_size)) out[i] = T(ld[i] / normalizer);
}

template <typename T, typename Op>
[[kernel]] void all_reduce(const device T* in [[buffer(0)]], device atomic<T>* out [[buffer(1)]], const constant size_t& size [[buffer(2)]],
    uint3 gid [[thread_position_in_grid]], uint3 gsize [[threads_per_grid]], uint3 lid [[thread_position_in_threadgroup]]) {
  Op op;
  T total = Op::init;
  for (size_t r = gid.x; r < size; r += gsize.x) total = op(total, in[r]);
  total = op.simd_reduce(total);
  if (lid.x % kSimdSize == 0) op.atomic_update(out, total);
}

template <typename T>
[[kernel]] void copy_general(device const T* src [[buffer(0)]], device T* dst [[buffer(1)]], constant const int* shape [[buffer(2)]],
    constant const int64_t* strides [[buffer(3)]], device const bool* mask [[buffer(4), function_constant(has_mask)]],
    constant const int& ndim [[buffer(5)]], uint3 index [[thread_position_in_grid]], uint3 grid_dim [[threads_per_grid]]) {
  auto from = elem_to_loc<int64_t>(index, shape, strides, ndim);
  int64_t to = index.x + (int64_t)grid_dim.x * (index.y + (int64_t)grid_dim.y * index.z);
  dst[flipped ? -to : to] = src[from];
}

#define instantiate_kernel(name, func, ...) \
  template [[host_name(name)]] [[kernel]] decltype(func<__VA_ARGS__>) func<__VA_ARGS__>;
instantiate_kernel("softmax_f32", softmax, float)
instantiate_kernel("softmax_f16", softmax, half, float)
instantiate_kernel("reduce_" "sum", all_reduce, uint, Sum<uint>)
instantiate_kernel("copy_g", copy_general, complex64_t)
