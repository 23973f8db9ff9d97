// One thread a cell: it packs the particles about it, wrapped and shifted once, and runs each of its own over them.
//! scratch cell_count: uint M * M * M
//! scratch cell_list: uint M * M * M * MAX_PER_CELL
//! repeat: steps swap: pos_in,pos_out swap: vel_in,vel_out
//! dispatch lj_clear_cells grid: M * M * M threadgroup: min(M * M * M, 64) bind 0=cell_count const 1=M * M * M
//! dispatch lj_build_cells grid: N threadgroup: 32 bind 0=pos_in bind 1=cell_count bind 2=cell_list bind 3=N bind 4=M bind 5=L bind 6=MAX_PER_CELL
//! dispatch lj_step grid: M * M * M threadgroup: 1 bind 4=cell_count bind 5=cell_list bind 6=N bind 7=M bind 8=L bind 9=rcut2 bind 10=dt bind 11=MAX_PER_CELL
//! end
#include <metal_stdlib>
using namespace metal;

constant constexpr uint WIDE = 16, PACKED = 512;
constant constexpr float FAR = 1e6f;

inline float3 wrapped(float3 r, float L) { return r - L * floor(r / L); }

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
  const uint3 c = min(uint3(wrapped(pos[i].xyz, L) / (L / float(M))), uint3(M - 1));
  const uint cell = (c.z * M + c.y) * M + c.x;
  const uint slot = atomic_fetch_add_explicit(&cell_count[cell], 1u, memory_order_relaxed);
  if (slot < MAX_PER_CELL) {
    cell_list[cell * MAX_PER_CELL + slot] = i;
  }
}

// Particles about a cell, in places that need no further images; what is left over stands far away.
struct Packed {
  float x[PACKED], y[PACKED], z[PACKED];
  uint count;
};

// What the packed particles do to one at `here`.
inline float3 force_of(thread const Packed &about, float3 here, float rcut2) {
  float fx[WIDE], fy[WIDE], fz[WIDE];
  for (uint l = 0; l < WIDE; ++l) {
    fx[l] = fy[l] = fz[l] = 0.0f;
  }
  for (uint first = 0; first < about.count; first += WIDE) {
    for (uint l = 0; l < WIDE; ++l) {
      const float dx = about.x[first + l] - here.x, dy = about.y[first + l] - here.y, dz = about.z[first + l] - here.z;
      const float square = dx * dx + dy * dy + dz * dz;
      const bool inside = square < rcut2 && square > 1e-12f;
      const float inverse = 1.0f / (inside ? square : 1.0f);
      const float sixth = inverse * inverse * inverse;
      const float pull = inside ? -24.0f * (2.0f * sixth * sixth - sixth) * inverse : 0.0f;
      fx[l] += pull * dx;
      fy[l] += pull * dy;
      fz[l] += pull * dz;
    }
  }
  float3 sum = float3(0.0f);
  for (uint l = 0; l < WIDE; ++l) {
    sum += float3(fx[l], fy[l], fz[l]);
  }
  return sum;
}

// Add what the packed particles do to the velocities of a cell's own; none is packed afterwards.
inline void push(thread Packed &about, device const float4 *pos_in, device float4 *vel_out, device const uint *members,
                 uint own, float L, float rcut2, float dt) {
  for (uint k = about.count; k % WIDE != 0; ++k) {
    about.x[k] = about.y[k] = about.z[k] = FAR;
  }
  for (uint i = 0; i < own; ++i) {
    const uint member = members[i];
    const float3 force = force_of(about, wrapped(pos_in[member].xyz, L), rcut2);
    vel_out[member] = float4(vel_out[member].xyz + dt * force, 0.0f);
  }
  about.count = 0;
}

kernel void lj_step(device const float4 *pos_in [[buffer(0)]], device float4 *pos_out [[buffer(1)]],
                    device const float4 *vel_in [[buffer(2)]], device float4 *vel_out [[buffer(3)]],
                    device const uint *cell_count [[buffer(4)]], device const uint *cell_list [[buffer(5)]],
                    constant uint &N [[buffer(6)]], constant uint &M [[buffer(7)]], constant float &L [[buffer(8)]],
                    constant float &rcut2 [[buffer(9)]], constant float &dt [[buffer(10)]],
                    constant uint &MAX_PER_CELL [[buffer(11)]], uint mine [[thread_position_in_grid]]) {
  const int side = int(M);
  const int3 c = int3(int(mine) % side, int(mine) / side % side, int(mine) / (side * side));
  const uint own = min(cell_count[mine], MAX_PER_CELL);
  device const uint *members = cell_list + mine * MAX_PER_CELL;
  for (uint slot = 0; slot < own; ++slot) {
    vel_out[members[slot]] = vel_in[members[slot]];
  }
  Packed about;
  about.count = 0;
  for (int part = 0; part < 27; ++part) {
    const int3 other = c + int3(part % 3 - 1, part / 3 % 3 - 1, part / 9 - 1);
    const int3 turns = select(select(int3(0), int3(-1), other < 0), int3(1), other >= side);
    const int3 at = other - side * turns;
    const float3 shift = L * float3(turns);
    const uint cell = uint((at.z * side + at.y) * side + at.x);
    const uint held = min(cell_count[cell], MAX_PER_CELL);
    for (uint slot = 0; slot < held; ++slot) {
      const float3 place = wrapped(pos_in[cell_list[cell * MAX_PER_CELL + slot]].xyz, L) + shift;
      about.x[about.count] = place.x;
      about.y[about.count] = place.y;
      about.z[about.count] = place.z;
      about.count += 1;
      if (about.count == PACKED) {
        push(about, pos_in, vel_out, members, own, L, rcut2, dt);
      }
    }
  }
  push(about, pos_in, vel_out, members, own, L, rcut2, dt);
  for (uint slot = 0; slot < own; ++slot) {
    const uint member = members[slot];
    pos_out[member] = float4(pos_in[member].xyz + dt * vel_out[member].xyz, 0.0f);
  }
}
