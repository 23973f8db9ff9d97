// speed.cc: the rate of the leader's 8x8 product in a 32x32 tile loop, in GFLOP/s, the best of several rounds. Run by
// hand; nothing is asserted.
#include "msl_library.h"

extern "C" int printf(const char *, ...);
extern "C" int clock_gettime(int, long *);

namespace {
double seconds() {
  long now[2];
  clock_gettime(1, now);
  return static_cast<double>(now[0]) + static_cast<double>(now[1]) / 1000000000.0;
}
constexpr int depth = 512, calls = 1000;
float left[32 * depth], right[32 * depth], sums[16 * 64];
half narrow_left[32 * depth], narrow_right[32 * depth], narrow_sums[16 * 64];
} // namespace

namespace msl_leader {
template <class In, class Out> __attribute__((noinline)) void tile(const In *a, const In *b, Out *c) {
  simdgroup_matrix<Out, 8, 8> sum[4][4];
  simdgroup_matrix<In, 8, 8> x[4], y[4];
  for (auto &row : sum)
    for (auto &m : row)
      m = simdgroup_matrix<Out, 8, 8>(static_cast<Out>(0));
  for (int k = 0; k < depth; k += 8) {
    for (int i = 0; i < 4; ++i) {
      simdgroup_load(x[i], a + i * 8 * depth + k, depth);
      simdgroup_load(y[i], b + k * 32 + i * 8, 32);
    }
    for (int i = 0; i < 4; ++i)
      for (int j = 0; j < 4; ++j)
        simdgroup_multiply_accumulate(sum[i][j], x[i], y[j], sum[i][j]);
  }
  for (int i = 0; i < 16; ++i)
    simdgroup_store(sum[i / 4][i % 4], c + i * 64);
}
template <class In, class Out> void rate(const char *name, const In *a, const In *b, Out *c) {
  double best = 1e9;
  for (int round = 0; round < 8; ++round) {
    const double start = seconds();
    for (int i = 0; i < calls; ++i)
      tile(a, b, c);
    const double time = seconds() - start;
    best = time < best ? time : best;
  }
  printf("%-16s %6.1f GFLOP/s\n", name, 2.0 * 32 * 32 * depth * calls / best / 1000000000.0);
}
} // namespace msl_leader

int main() {
  msl_leader::rate("float", left, right, sums);
  msl_leader::rate("half into float", narrow_left, narrow_right, sums);
  msl_leader::rate("half", narrow_left, narrow_right, narrow_sums);
}
