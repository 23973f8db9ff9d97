// expect: kernel_mul_mv_q4_f32 mode=fiber tga=0 buffers=0,1,2,3
// expect: kernel_mul_mm_f16_f32 mode=fiber tga=0 buffers=0,1,2,3
// expect: kernel_add mode=loop buffers=0,1,2
#define QK 32
#define N_SIMDWIDTH 32
#define FC_BASE 300
#define FOR_UNROLL(x) _Pragma("clang loop unroll(full)") for (x)
#include <metal_stdlib>
using namespace metal;
#define UNUSED(x) (void)(x)
#define SWAP(x, y) { auto tmp = (x); (x) = (y); (y) = tmp; }

constant short FC_nsg [[function_constant(FC_BASE + 0)]];
constant bool FC_tail [[function_constant(FC_BASE + 1)]];

typedef struct { half d; uint8_t qs[QK / 2]; } block_q4;
typedef struct { int32_t ne00; int32_t ne01; uint64_t nb01; int32_t ne12; } args_mul;
constexpr constant static float kvalues[16] = {-127.f, -104.f, -83.f, -65.f, -49.f, -35.f, -22.f, -10.f, 1.f, 13.f, 25.f, 38.f, 53.f, 69.f, 89.f, 113.f};

template <typename type4x4>
void dequantize_f16(device const half4x4* src, short il, thread type4x4& reg) { reg = (type4x4)(*src); UNUSED(il); }
template <typename type4>
void dequantize_q4_t4(device const block_q4* xb, short il, thread type4& reg) {
  device const uint16_t* qs = ((device const uint16_t*)xb->qs);
  const float d = il ? (xb->d / 16.h) : xb->d;
  FOR_UNROLL (int i = 0; i < 2; i++) { reg[2 * i + 0] = d * (qs[2 * il + i] & 0x000F); reg[2 * i + 1] = d * kvalues[qs[i] & 15]; }
}

static inline float block_dot_y(device const block_q4* qb, float sumy, thread float* yl, int il) {
  float d = qb->d;
  float acc[2] = {0.f, 0.f};
  device const uint16_t* qs = ((device const uint16_t*)qb + 1 + il / 2);
  for (int i = 0; i < 8; i += 2) { acc[0] += yl[i + 0] * (qs[i / 2] & 0x000F); acc[1] += yl[i + 1] * (qs[i / 2] & 0x0F00); }
  return d * (sumy * -8.f + acc[0] + acc[1]);
}

template <typename block_q_type, short NR0>
void mul_vec_q_n_impl(constant args_mul& args, device const char* src0, device const char* src1, device char* dst, threadgroup char* shmem,
                      uint3 tgpig, ushort tiisg, ushort sgitg) {
  const short NSG = FC_nsg;
  device const float* y = (device const float*)src1;
  float yl[16];
  float sumf[NR0] = {0.f};
  device const block_q_type* ax[NR0];
  FOR_UNROLL (int row = 0; row < NR0; ++row) { ax[row] = (device const block_q_type*)((device char*)src0 + (tgpig.x * NSG + row) * args.nb01); }
  for (int ib = tiisg; ib < args.ne00; ib += N_SIMDWIDTH) {
    float sumy = 0;
    for (short i = 0; i < 16; ++i) { sumy += y[i]; yl[i] = y[i]; }
    FOR_UNROLL (short row = 0; row < NR0; row++) sumf[row] += block_dot_y(ax[row] + ib, sumy, yl, 0);
  }
  threadgroup float* shmem_f32[NR0];
  for (short row = 0; row < NR0; ++row) {
    shmem_f32[row] = (threadgroup float*)shmem + N_SIMDWIDTH * row;
    if (sgitg == 0) shmem_f32[row][tiisg] = 0.0f;
    sumf[row] = simd_sum(sumf[row]);
  }
  threadgroup_barrier(mem_flags::mem_threadgroup);
  device float* dst_f32 = (device float*)dst + (uint64_t)tgpig.z * args.ne01;
  for (short row = 0; row < NR0 && row < args.ne01; ++row) {
    float tot = simd_sum(shmem_f32[row][tiisg]);
    if (tiisg == 0 && sgitg == 0) { dst_f32[row] = tot + sumf[row]; }
  }
}
[[host_name("kernel_mul_mv_q4_f32")]]
kernel void kernel_mul_mv_q4(constant args_mul& args, device const char* src0, device const char* src1, device char* dst,
    threadgroup char* shmem [[threadgroup(0)]], uint3 tgpig[[threadgroup_position_in_grid]],
    ushort tiisg[[thread_index_in_simdgroup]], ushort sgitg[[simdgroup_index_in_threadgroup]]) {
  mul_vec_q_n_impl<block_q4, 4>(args, src0, src1, dst, shmem, tgpig, tiisg, sgitg);
}

template <typename T, typename T4x4, typename simdgroup_T8x8, typename block_q, short nl, void (*dequantize_func)(device const block_q*, short, thread T4x4&)>
kernel void kernel_mul_mm(constant args_mul& args, device const char* src0, device const char* src1, device char* dst,
    threadgroup char* shmem [[threadgroup(0)]], uint3 tgpig[[threadgroup_position_in_grid]],
    ushort tiitg[[thread_index_in_threadgroup]], ushort sgitg[[simdgroup_index_in_threadgroup]]) {
  threadgroup T* sa = (threadgroup T*)(shmem + 0);
  threadgroup float* sb = (threadgroup float*)(shmem + 4096);
  simdgroup_T8x8 ma[4];
  simdgroup_float8x8 mb[2];
  simdgroup_float8x8 mc[8];
  for (short i = 0; i < 8; i++) { mc[i] = make_filled_simdgroup_matrix<float, 8>(0.f); }
  device const block_q* x = (device const block_q*)(src0 + args.nb01 * tgpig.y);
  for (int loop_k = 0; loop_k < args.ne00; loop_k += 32) {
    T4x4 temp_a;
    dequantize_func(x, tiitg % nl, temp_a);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    FOR_UNROLL (short i = 0; i < 16; i++) { *(sa + 64 * i + tiitg) = temp_a[i / 4][i % 4]; }
    *(threadgroup float2x4*)(sb + 32 * (tiitg % 4)) = *((device float2x4*)src1);
    threadgroup_barrier(mem_flags::mem_threadgroup);
    threadgroup const T* lsma = sa + 4 * 64 * (sgitg % 2);
    FOR_UNROLL (short ik = 0; ik < 4; ik++) {
      simdgroup_barrier(mem_flags::mem_none);
      FOR_UNROLL (short i = 0; i < 4; i++) simdgroup_load(ma[i], lsma + 64 * i, 8, 0, false);
      FOR_UNROLL (short i = 0; i < 2; i++) simdgroup_load(mb[i], sb + 64 * i, 8);
      FOR_UNROLL (short i = 0; i < 8; i++) simdgroup_multiply_accumulate(mc[i], mb[i / 4], ma[i % 4], mc[i]);
    }
  }
  if (!FC_tail) {
    device float* C = (device float*)dst + tgpig.x * 64;
    for (short i = 0; i < 8; i++) simdgroup_store(mc[i], C + 8 * (i % 4) + 8 * args.ne01 * (i / 4), args.ne01, 0, false);
  }
}
typedef decltype(kernel_mul_mm<half, half4x4, simdgroup_half8x8, half4x4, 1, dequantize_f16>) mul_mm_t;
template [[host_name("kernel_mul_mm_f16_f32")]] kernel mul_mm_t kernel_mul_mm<half, half4x4, simdgroup_half8x8, half4x4, 1, dequantize_f16>;

kernel void kernel_add(device const char* src0, device const char* src1, device char* dst, uint3 tgpig [[threadgroup_position_in_grid]], ushort3 tpitg [[thread_position_in_threadgroup]], ushort3 ntg [[threads_per_threadgroup]]) {
  for (int i0 = tpitg.x; i0 < 64; i0 += ntg.x) {
    const int i10 = i0 % 7;
    *((device float*)(dst + i0 * 4)) = *((device float*)(src0 + i0 * 4)) + *((device float*)(src1 + i10 * 4));
  }
}
