// msl_lanes.h: what a kernel's text is made of when the 32 lanes of a SIMD-group are to run as one: calls that stand
// for a lane's place and for collectives, which the widener (msl/widen) replaces. A library compiled with MSL_LANES
// never calls them.
#pragma once

#include "msl_abi.h"
#include "msl_keywords.h"

#ifdef MSL_LANES

// Not moved, merged or duplicated: which lanes reach the call is part of its meaning.
#define MSL_LANES_CALL __attribute__((convergent, nomerge, noinline))

extern "C" {
// One of LanesPlace, of the running lane.
__attribute__((const)) uint32_t msl_lanes_place(uint32_t what);
MSL_LANES_CALL uint32_t msl_lanes_ballot(bool yes);
MSL_LANES_CALL uint32_t msl_lanes_active();
MSL_LANES_CALL void msl_lanes_meet();
// An iteration of a loop whose text may hold collectives begins; such a loop is left. What lies between an exit of the
// loop and this second call still belongs to the iteration.
MSL_LANES_CALL void msl_lanes_next(uint32_t site);
MSL_LANES_CALL void msl_lanes_leave(uint32_t site);
MSL_LANES_CALL void msl_threadgroup_barrier(uint32_t flags, uint32_t site);
MSL_LANES_CALL void msl_simd_collective(void *slot, MslCombine combine, const void *argument, uint32_t site);
}

namespace msl {

enum LanesPlace : uint32_t {
  lanes_x,
  lanes_y,
  lanes_z,
  lanes_flat,
  lanes_grid_x,
  lanes_grid_y,
  lanes_grid_z,
  lanes_own
};

template <class Op, int Cluster, bool Signed, class T> MSL_LANES_CALL T lanes_reduce(T value);
template <class Op, bool Inclusive, int Cluster, class T> MSL_LANES_CALL T lanes_scan(T value);
// The value of an active lane, `inactive` if there is none of that number.
template <class T> MSL_LANES_CALL T lanes_gather(T value, uint32_t lane, T inactive);

// What the widener makes of a kernel: a whole SIMD-group whose lanes lie in a row of the threadgroup from (x, y, z) on,
// and any lanes at any places.
struct LanePlaces {
  uint32_t x[MSL_SIMD_WIDTH], y[MSL_SIMD_WIDTH], z[MSL_SIMD_WIDTH];
};
using LanesInRow = void (*)(const MslGroup *group, uint32_t x, uint32_t y, uint32_t z, uint32_t flat);
using LanesAnywhere = void (*)(const MslGroup *group, const LanePlaces *places, uint32_t flat, uint32_t lanes);

MSL_FUNC bool simdgroups_are_rows(const MslGroup &g) {
  return g.nominal_size[0] % MSL_SIMD_WIDTH == 0 &&
         (g.size[0] % MSL_SIMD_WIDTH == 0 || (g.size[1] == 1 && g.size[2] == 1));
}

MSL_FUNC void run_anywhere(const MslGroup *g, LanesAnywhere body, uint32_t flat, uint32_t threads) {
  LanePlaces places;
  uint32_t x = flat % g->size[0], y = flat / g->size[0] % g->size[1], z = flat / (g->size[0] * g->size[1]);
  // A single row goes on beyond its end, where no thread is: its lanes stay neighbours.
  const uint32_t columns = g->size[1] * g->size[2] == 1 ? ~0u : g->size[0];
  for (uint32_t lane = 0; lane < MSL_SIMD_WIDTH; ++lane) {
    places.x[lane] = x;
    places.y[lane] = y;
    places.z[lane] = z;
    const bool row_ends = ++x == columns;
    x = row_ends ? 0 : x;
    y += row_ends;
    const bool layer_ends = y == g->size[1];
    y = layer_ends ? 0 : y;
    z += layer_ends;
  }
  const uint32_t rest = threads - flat;
  body(g, &places, flat, rest >= MSL_SIMD_WIDTH ? ~0u : (1u << rest) - 1);
}

MSL_FUNC void run_threadgroup(const MslGroup *g, LanesInRow in_row, LanesAnywhere anywhere) {
  const uint32_t columns = g->size[0], rows = g->size[1], layers = g->size[2];
  uint32_t flat = 0;
  if (simdgroups_are_rows(*g))
    for (uint32_t z = 0; z < layers; ++z)
      for (uint32_t y = 0; y < rows; ++y)
        for (uint32_t x = 0; x + MSL_SIMD_WIDTH <= columns; x += MSL_SIMD_WIDTH, flat += MSL_SIMD_WIDTH)
          in_row(g, x, y, z, flat);
  for (const uint32_t threads = columns * rows * layers; flat < threads; flat += MSL_SIMD_WIDTH)
    run_anywhere(g, anywhere, flat, threads);
}

MSL_FUNC void run_simdgroup(const MslGroup *g, uint32_t number, LanesInRow in_row, LanesAnywhere anywhere) {
  const uint32_t columns = g->size[0], rows = g->size[1], threads = columns * rows * g->size[2];
  const uint32_t flat = number * MSL_SIMD_WIDTH;
  if (simdgroups_are_rows(*g) && threads - flat >= MSL_SIMD_WIDTH)
    in_row(g, flat % columns, flat / columns % rows, flat / (columns * rows), flat);
  else
    run_anywhere(g, anywhere, flat, threads);
}

} // namespace msl

#endif
