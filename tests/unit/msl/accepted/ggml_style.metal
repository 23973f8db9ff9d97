// expect: kernel_soft_max_f16 mode=fiber tga=0 buffers=0,1,2
// expect: kernel_soft_max_f32 mode=fiber tga=0 buffers=0,1,2
#include <metal_stdlib>
using namespace metal;

#define MAX(x, y) ((x) > (y) ? (x) : (y))
#define N_SIMDWIDTH 32
typedef struct { int32_t ne00; uint64_t nb01; float scale; } args_soft_max;
typedef struct { half d; int8_t qs[32]; } block_q8_0;
static_assert(sizeof(block_q8_0) == 34, "size");
template <typename type4x4> void dequantize_q8_0(device const block_q8_0* xb, short il, thread type4x4& reg) {
  device const int8_t* qs = ((device const int8_t*)xb->qs);
  const float d = xb->d;
  for (int i = 0; i < 16; i++) reg[i / 4][i % 4] = (qs[i + 16 * il] * d);
}
template <typename T>
kernel void kernel_soft_max(constant args_soft_max& args, device const char* src0, device char* dst, threadgroup float* buf [[threadgroup(0)]],
    uint3 tgpig [[threadgroup_position_in_grid]], uint3 tpitg [[thread_position_in_threadgroup]],
    uint sgitg [[simdgroup_index_in_threadgroup]], uint tiisg [[thread_index_in_simdgroup]], uint3 tptg [[threads_per_threadgroup]]) {
  device const float* psrc0 = (device const float*)(src0 + tgpig.x * args.nb01);
  device T* pdst = (device T*)dst;
  float lmax = -INFINITY;
  for (int i00 = tpitg.x; i00 < args.ne00; i00 += tptg.x) lmax = MAX(lmax, psrc0[i00] * args.scale);
  float max_val = simd_max(lmax);
  if (tptg.x > N_SIMDWIDTH) {
    if (sgitg == 0) buf[tiisg] = -INFINITY;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (tiisg == 0) buf[sgitg] = max_val;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    max_val = simd_max(buf[tiisg]);
  }
  float4x4 r; dequantize_q8_0((device const block_q8_0*)src0, 0, r);
  pdst[tpitg.x] = T(exp(psrc0[tpitg.x] - max_val) + r[0][0]);
}
typedef decltype(kernel_soft_max<float>) kernel_soft_max_t;
template [[host_name("kernel_soft_max_f16")]] kernel kernel_soft_max_t kernel_soft_max<half>;
template [[host_name("kernel_soft_max_f32")]] kernel kernel_soft_max_t kernel_soft_max<float>;
