// lanes.cc: SIMD-group and quad-group functions and the three class sets of simdgroup_matrix, on a full and on a
// partial SIMD-group.
#include "msl_library.h"

#include "check.h"
#include "lanes_runtime.h"

namespace {

using namespace metal;
constexpr uint missing = 0xbadbadbau;

uint bits(float x) { return as_type<uint>(x); }

void full_group(int index) {
  const uint lane = static_cast<uint>(index);
  const float x = static_cast<float>(lane);
  CHECK(simd_sum(x) == 496.0f);
  CHECK(simd_sum(lane) == 496u);
  CHECK(simd_max(static_cast<int>(lane) - 40) == -9);
  CHECK(simd_min(x) == 0.0f);
  CHECK(simd_product(lane == 3 ? 5.0f : 1.0f) == 5.0f);
  CHECK(simd_and(lane | 0xf0u) == 0xf0u);
  CHECK(simd_or(1u << lane) == 0xffffffffu);
  CHECK(simd_xor(lane) == 0u);
  CHECK(all(simd_sum(float4(x, 1, 2, 3)) == float4(496, 32, 64, 96)));
  CHECK(simd_sum(static_cast<half>(1)) == static_cast<half>(32));
  CHECK(simd_prefix_inclusive_sum(1u) == lane + 1);
  CHECK(simd_prefix_exclusive_sum(1u) == lane);
  CHECK(simd_prefix_inclusive_product(lane == 4 ? 2u : 1u) == (lane < 4 ? 1u : 2u));
  CHECK(simd_prefix_exclusive_product(lane == 4 ? 2u : 1u) == (lane <= 4 ? 1u : 2u));
  CHECK(simd_broadcast(x, 7) == 7.0f);
  CHECK(simd_broadcast_first(x) == 0.0f);
  CHECK(simd_shuffle(lane, static_cast<ushort>(31 - lane)) == 31 - lane);
  CHECK(bits(simd_shuffle(x, 32)) == 0x7fbadbadu);
  CHECK(simd_shuffle_xor(lane, 5) == (lane ^ 5));
  CHECK(simd_shuffle_up(lane, 3) == (lane < 3 ? lane : lane - 3));
  CHECK(simd_shuffle_down(lane, 3) == (lane > 28 ? lane : lane + 3));
  CHECK(simd_shuffle_rotate_up(lane, 3) == (lane + 29) % 32);
  CHECK(simd_shuffle_rotate_down(lane, 3) == (lane + 3) % 32);
  CHECK(simd_shuffle_and_fill_up(lane, 100 + lane, 2) == (lane < 2 ? 100 + lane + 30 : lane - 2));
  CHECK(simd_shuffle_and_fill_down(lane, 100 + lane, 2) == (lane > 29 ? 100 + lane - 30 : lane + 2));
  CHECK(simd_shuffle_and_fill_up(lane, 100 + lane, 2, 8) == (lane % 8 < 2 ? 100 + lane + 6 : lane - 2));
  CHECK(simd_shuffle_and_fill_down(lane, 100 + lane, 2, 8) == (lane % 8 > 5 ? 100 + lane - 6 : lane + 2));
  CHECK(static_cast<simd_vote::vote_t>(simd_ballot(lane % 2 == 0)) == 0x55555555u);
  CHECK(simd_ballot(true).all() && !simd_ballot(lane == 0).all() && simd_ballot(lane == 0).any());
  CHECK(simd_any(lane == 9) && !simd_any(lane == 32) && simd_all(lane < 32) && !simd_all(lane > 0));
  CHECK(simd_is_first() == (lane == 0));
  CHECK(static_cast<ulong>(simd_active_threads_mask()) == 0xffffffffu);
  simdgroup_barrier(mem_flags::mem_threadgroup);

  const uint quad = lane / 4 * 4, place = lane % 4;
  CHECK(quad_sum(lane) == quad * 4 + 6);
  CHECK(quad_max(lane) == quad + 3 && quad_min(lane) == quad);
  CHECK(quad_broadcast(lane, 2) == quad + 2 && quad_broadcast_first(lane) == quad);
  CHECK(quad_shuffle_xor(lane, 1) == (lane ^ 1));
  CHECK(quad_shuffle_up(lane, 1) == (place == 0 ? lane : lane - 1));
  CHECK(quad_shuffle_down(lane, 1) == (place == 3 ? lane : lane + 1));
  CHECK(quad_shuffle_rotate_down(lane, 1) == quad + (place + 1) % 4);
  CHECK(quad_shuffle(lane, 4) == missing);
  CHECK(quad_prefix_inclusive_sum(1u) == place + 1 && quad_prefix_exclusive_sum(1u) == place);
  CHECK(quad_shuffle_and_fill_up(lane, 100 + lane, 1) == (place == 0 ? 103 + lane : lane - 1));
  CHECK(static_cast<ulong>(quad_ballot(lane % 3 == 0)) == (quad % 3 == 0 ? 9u : quad % 3 == 1 ? 4u : 2u));
  CHECK(quad_all(lane < 16) == (quad < 16) && quad_any(lane == quad) && quad_is_first() == (place == 0));
}

void divergent(int index) {
  const uint lane = static_cast<uint>(index);
  if (lane % 2) {
    CHECK(simd_sum(1u) == 16u);
    CHECK(simd_is_first() == (lane == 1));
    CHECK(simd_broadcast_first(lane) == 1u);
    CHECK(simd_shuffle(lane, 2) == missing);
    CHECK(static_cast<ulong>(simd_active_threads_mask()) == 0xaaaaaaaau);
    CHECK(simd_all(lane % 2 == 1));
    CHECK(simd_prefix_exclusive_sum(1u) == lane / 2);
    CHECK(quad_sum(1u) == 2u);
  } else {
    CHECK(simd_sum(2u) == 32u);
  }
  CHECK(simd_sum(1u) == 32u);
}

void partial_group(int index) {
  const uint lane = static_cast<uint>(index);
  CHECK(simd_sum(1.0f) == 5.0f);
  CHECK(simd_all(true) && static_cast<ulong>(simd_ballot(true)) == 0x1fu && !simd_ballot(true).all());
  CHECK(simd_shuffle_down(lane, 1) == (lane == 4 ? missing : lane + 1));
  CHECK(quad_sum(1u) == (lane == 4 ? 1u : 4u));
}

// --- matrices: the three class sets give the same product

float left[3 * 64], right[3 * 64], result[3][64 * 3], expected[64];
half narrow[64];

float item(const float *m, int r, int c, int stride) { return m[r * stride + c]; }
void prepare() {
  for (int i = 0; i < 3 * 64; ++i)
    left[i] = static_cast<float>(i * 7 % 13 - 6), right[i] = static_cast<float>(i * 5 % 11 - 5);
  for (int i = 0; i < 64; ++i)
    narrow[i] = static_cast<half>(i % 9 - 4);
  for (int r = 0; r < 8; ++r)
    for (int c = 0; c < 8; ++c) {
      float sum = r == c ? 2.0f : 0.0f;
      for (int k = 0; k < 8; ++k)
        sum += item(left + 1 + 16, r, k, 16) * item(right, c, k, 8) +
               item(left, r, k, 8) * static_cast<float>(narrow[k * 8 + c]);
      expected[r * 8 + c] = sum;
    }
}

} // namespace

// The same text in each class set, as the front end would place it.
#define PRODUCT(set, target)                                                                                           \
  namespace set {                                                                                                      \
  using namespace metal;                                                                                               \
  void accumulate(thread simdgroup_float8x8 &sum, simdgroup_float8x8 a, metal::simdgroup_matrix<half, 8, 8> b) {       \
    simdgroup_multiply_accumulate(sum, a, b, sum);                                                                     \
  }                                                                                                                    \
  void product(int) {                                                                                                  \
    simdgroup_float8x8 a, b, c;                                                                                        \
    metal::simdgroup_half8x8 h;                                                                                        \
    simdgroup_matrix<float, 8, 8> sum(2.0f);                                                                           \
    simdgroup_load(a, left, 16, ulong2(1, 1));                                                                         \
    simdgroup_load(b, right, 8, ulong2(0), true);                                                                      \
    metal::simdgroup_load(c, left);                                                                                    \
    simdgroup_load(h, narrow);                                                                                         \
    simdgroup_multiply_accumulate(sum, a, b, sum);                                                                     \
    accumulate(sum, c, h);                                                                                             \
    simdgroup_store(sum, target[0]);                                                                                   \
    simdgroup_store(sum, target[1], 8, ulong2(0, 0), true);                                                            \
    simdgroup_float8x8 d = c * make_filled_simdgroup_matrix<float, 8, 8>(1.0f);                                        \
    simdgroup_store(d, target[2] + 3, 9);                                                                              \
  }                                                                                                                    \
  }
PRODUCT(msl_leader, result)
PRODUCT(msl_per_lane, result)
PRODUCT(msl_follower, result)

namespace {

void check_product(const char *set) {
  for (int r = 0; r < 8; ++r)
    for (int c = 0; c < 8; ++c) {
      float sum = 0;
      for (int k = 0; k < 8; ++k)
        sum += left[r * 8 + k];
      const bool right_values = result[0][r * 8 + c] == expected[r * 8 + c] &&
                                result[1][c * 8 + r] == expected[r * 8 + c] && result[2][3 + r * 9 + c] == sum;
      if (!right_values)
        printf("%s differs at %d %d\n", set, r, c);
      CHECK(right_values);
    }
}
void clear() {
  for (auto &part : result)
    for (float &x : part)
      x = -1.0f;
}
void elements(int index) {
  msl_per_lane::simdgroup_float8x8 m;
  msl_per_lane::simdgroup_load(m, left);
  thread auto &mine = m.thread_elements();
  const int q = index / 4, row = (q & 4) + index / 2 % 4, column = (q & 2) * 2 + index % 2 * 2;
  CHECK(mine[0] == left[row * 8 + column] && mine[1] == left[row * 8 + column + 1]);
  m.thread_elements()[0] = 9.0f;
  CHECK(mine.x == 9.0f);
}
// Lane 31 holds row 7, columns 6 and 7: without it the last row of a product is poison, and so are its last two
// columns.
void incomplete(int index) {
  const int q = index / 4, row = (q & 4) + index / 2 % 4, column = (q & 2) * 2 + index % 2 * 2;
  msl_per_lane::simdgroup_float8x8 a(1.0f), b(1.0f), c;
  msl_per_lane::simdgroup_multiply(c, a, b);
  CHECK(isnan(c.thread_elements().x) == (row == 7 || column == 6));
}

} // namespace

int main() {
  run_lanes(32, full_group);
  run_lanes(32, divergent);
  run_lanes(5, partial_group);
  prepare();
  clear();
  msl_leader::product(0);
  check_product("leader");
  clear();
  run_lanes(32, msl_per_lane::product);
  check_product("per lane");
  clear();
  msl_follower::product(0);
  CHECK(result[0][0] == -1.0f && result[2][3] == -1.0f);
  run_lanes(32, elements);
  run_lanes(31, incomplete);
  return finish();
}
