// expect: gemm_f32_32_32 mode=fiber max=128 buffers=0,1,2,3
#include <metal_stdlib>
using namespace metal;

#define STEEL_CONST static constant constexpr const
#define STEEL_PRAGMA_UNROLL _Pragma("clang loop unroll(full)")
struct GEMMParams { const int M; const int N; const int K; };
template <typename T, short BM, short BN, short TG>
struct BlockLoader {
  STEEL_CONST short n_reads = (BM * BN) / TG;
  STEEL_CONST short vec_size = n_reads > 4 ? 4 : n_reads;
  struct alignas(sizeof(T) * 4) ReadVector { uint8_t v[sizeof(T) * 4]; };
  const int src_ld;
  const short thread_idx;
  threadgroup T* dst;
  const device T* src;
  METAL_FUNC BlockLoader(const device T* src_, const int ld, threadgroup T* dst_, ushort lid [[thread_index_in_threadgroup]])
      : src_ld(ld), thread_idx(lid), dst(dst_), src(src_) {}
  METAL_FUNC void load() const {
    STEEL_PRAGMA_UNROLL
    for (short i = 0; i < n_reads; i++) { dst[thread_idx * n_reads + i] = src[((thread_idx * n_reads + i) / BN) * src_ld + (thread_idx * n_reads + i) % BN]; }
  }
};
template <typename T, int BM, int BN>
[[kernel, max_total_threads_per_threadgroup(128)]] void gemm(
    const device T* A [[buffer(0)]], const device T* B [[buffer(1)]], device T* D [[buffer(2)]], const constant GEMMParams* params [[buffer(3)]],
    uint simd_lane_id [[thread_index_in_simdgroup]], uint simd_group_id [[simdgroup_index_in_threadgroup]],
    uint3 tid [[threadgroup_position_in_grid]], uint3 lid [[thread_position_in_threadgroup]]) {
  (void)lid;
  threadgroup T As[BM * BN];
  const int K = params->K;
  thread BlockLoader<T, BM, BN, 128> loader(A, K, As, simd_group_id * 32 + simd_lane_id);
  loader.load();
  threadgroup_barrier(mem_flags::mem_threadgroup);
  D[tid.x * 128 + simd_group_id * 32 + simd_lane_id] = As[simd_lane_id] + B[0];
}
#define instantiate_gemm(tname, itype, bm, bn) \
  template [[host_name("gemm_" #tname "_" #bm "_" #bn)]] [[kernel]] decltype(gemm<itype, bm, bn>) gemm<itype, bm, bn>;
instantiate_gemm(f32, float, 32, 32)
