// Cells are counted and filled with atomics; one thread a particle then visits the 27 cells about it.
#include <metal_stdlib>
using namespace metal;

inline uint3 cell_of(float3 r, float L, uint M) {
  const float3 wrapped = r - L * floor(r / L);
  return min(uint3(wrapped / (L / float(M))), uint3(M - 1));
}

kernel void lj_clear_cells(device atomic_uint *cell_count [[buffer(0)]], constant uint &M3 [[buffer(1)]],
                           uint gid [[thread_position_in_grid]]) {
  if (gid < M3) {
    atomic_store_explicit(&cell_count[gid], 0u, memory_order_relaxed);
  }
}

kernel void lj_build_cells(device const float4 *pos [[buffer(0)]], device atomic_uint *cell_count [[buffer(1)]],
                           device uint *cell_list [[buffer(2)]], constant uint &N [[buffer(3)]],
                           constant uint &M [[buffer(4)]], constant float &L [[buffer(5)]],
                           constant uint &MAX_PER_CELL [[buffer(6)]], uint i [[thread_position_in_grid]]) {
  if (i >= N) {
    return;
  }
  const uint3 c = cell_of(pos[i].xyz, L, M);
  const uint cell = (c.z * M + c.y) * M + c.x;
  const uint slot = atomic_fetch_add_explicit(&cell_count[cell], 1u, memory_order_relaxed);
  if (slot < MAX_PER_CELL) {
    cell_list[cell * MAX_PER_CELL + slot] = i;
  }
}

kernel void lj_step(device const float4 *pos_in [[buffer(0)]], device float4 *pos_out [[buffer(1)]],
                    device const float4 *vel_in [[buffer(2)]], device float4 *vel_out [[buffer(3)]],
                    device const uint *cell_count [[buffer(4)]], device const uint *cell_list [[buffer(5)]],
                    constant uint &N [[buffer(6)]], constant uint &M [[buffer(7)]], constant float &L [[buffer(8)]],
                    constant float &rcut2 [[buffer(9)]], constant float &dt [[buffer(10)]],
                    constant uint &MAX_PER_CELL [[buffer(11)]], uint i [[thread_position_in_grid]]) {
  if (i >= N) {
    return;
  }
  const float3 here = pos_in[i].xyz;
  const uint3 c = cell_of(here, L, M);
  float3 force = float3(0.0f);
  for (uint part = 0; part < 27; ++part) {
    const uint x = (c.x + M - 1 + part % 3) % M, y = (c.y + M - 1 + part / 3 % 3) % M, z = (c.z + M - 1 + part / 9) % M;
    const uint cell = (z * M + y) * M + x;
    const uint held = min(cell_count[cell], MAX_PER_CELL);
    for (uint slot = 0; slot < held; ++slot) {
      float3 apart = pos_in[cell_list[cell * MAX_PER_CELL + slot]].xyz - here;
      apart -= L * rint(apart / L);
      const float square = dot(apart, apart);
      if (square < rcut2 && square > 1e-12f) {
        const float inverse = 1.0f / square;
        const float sixth = inverse * inverse * inverse;
        force -= (24.0f * (2.0f * sixth * sixth - sixth) * inverse) * apart;
      }
    }
  }
  const float3 v = vel_in[i].xyz + dt * force;
  vel_out[i] = float4(v, 0.0f);
  pos_out[i] = float4(here + dt * v, 0.0f);
}
