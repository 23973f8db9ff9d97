// The 32 largest of a row, sorted, one a lane. Lanes offer their best column that could still enter, 32 offers are
// sorted and merged at a time, so that most columns cost one comparison. Equal values: the lower index comes first.
#pragma once

#include "row.h"

namespace row {

struct Entry {
  float value;
  uint index;

  bool before(Entry other) const { return value > other.value || (value == other.value && index < other.index); }
};

constant constexpr Entry NOTHING = {-INFINITY, 0xFFFFFFFF};

inline Entry from_lane(Entry entry, uint lane) {
  return {simd_shuffle(entry.value, ushort(lane)), simd_shuffle(entry.index, ushort(lane))};
}

// One step of a bitonic network: of two lanes `stride` apart, the lower takes the entry that comes first, or last.
inline Entry exchanged(Entry entry, uint lane, uint stride, bool first_below) {
  const Entry other = {simd_shuffle_xor(entry.value, ushort(stride)), simd_shuffle_xor(entry.index, ushort(stride))};
  const bool takes_first = ((lane & stride) == 0) == first_below;
  return takes_first == entry.before(other) ? entry : other;
}

inline Entry sorted(Entry entry, uint lane) {
  for (uint size = 2; size <= LANES; size *= 2) {
    for (uint stride = size / 2; stride > 0; stride /= 2) {
      entry = exchanged(entry, lane, stride, (lane & size) == 0);
    }
  }
  return entry;
}

// The first 32 of two sorted lists of 32.
inline Entry merged(Entry entry, Entry other, uint lane) {
  const Entry opposite = from_lane(other, LANES - 1 - lane);
  entry = entry.before(opposite) ? entry : opposite;
  for (uint stride = LANES / 2; stride > 0; stride /= 2) {
    entry = exchanged(entry, lane, stride, true);
  }
  return entry;
}

// A lane's share of one step, with a bit for each column that was not offered yet.
struct Share {
  float4 quads[KEPT];
  uint first[KEPT];
  uint left;

  // The first of the columns left, and its bit.
  Entry best(thread uint &bit) const {
    Entry found = NOTHING;
    bit = 0;
    for (uint k = 0; k < KEPT; ++k) {
      for (uint i = 0; i < 4; ++i) {
        const Entry entry = {quads[k][i], first[k] + i};
        if ((left >> (4 * k + i) & 1) != 0 && entry.before(found)) {
          found = entry;
          bit = 1u << (4 * k + i);
        }
      }
    }
    return found;
  }
};

inline Share share_of(device const float *x, uint start, uint cols, Team team) {
  Share share;
  share.left = 0;
  for (uint k = 0; k < KEPT; ++k) {
    share.first[k] = team.column(start, k);
    share.quads[k] = load4(x, share.first[k], cols, -INFINITY);
    for (uint i = 0; i < 4; ++i) {
      share.left |= share.first[k] + i < cols ? 1u << (4 * k + i) : 0;
    }
  }
  return share;
}

// Entry `lane` of the row's largest, in the team's first SIMD-group; k <= 32 of them are asked for. `partials` holds
// LANES * MAX_SIMD_GROUPS entries.
inline Entry largest(device const float *x, uint cols, uint k, Team team, threadgroup Entry *partials) {
  Entry best = NOTHING;
  Entry last = NOTHING;
  for (uint start = 0; start < cols; start += team.step()) {
    Share share = share_of(x, start, cols, team);
    uint bit;
    Entry offer = share.best(bit);
    while (simd_any(offer.before(last))) {
      share.left &= ~bit;
      best = merged(best, sorted(offer, team.lane), team.lane);
      last = from_lane(best, k - 1);
      offer = share.best(bit);
    }
  }
  if (team.groups > 1) {
    partials[(team.first * LANES) + team.index] = best;
    threadgroup_barrier(mem_flags::mem_threadgroup);
    if (team.index < LANES) {
      for (uint group = 1; group < team.groups; ++group) {
        best = merged(best, partials[(team.first + group) * LANES + team.lane], team.lane);
      }
    }
  }
  return best;
}

} // namespace row
