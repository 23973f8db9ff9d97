// precision_points.h: the arguments at which functions are measured: every exponent, a function's own range, the
// neighbourhood of its difficult points, special values.
#pragma once

#include "precision.h"

namespace precision {

inline unsigned mixed(unsigned i) {
  i = (i ^ (i >> 16)) * 0x7feb352du;
  i = (i ^ (i >> 15)) * 0x846ca68bu;
  return i ^ (i >> 16);
}
inline float word(unsigned bits) { return __builtin_bit_cast(float, bits); }
// The i-th of n words, evenly over all of them and jittered: as many points in each exponent.
inline float spread(unsigned i, unsigned n) {
  const unsigned stride = static_cast<unsigned>((1ul << 32) / n);
  return word(i * stride + (stride > 1 ? mixed(i) % stride : 0));
}
inline float between(float low, float high, unsigned random) {
  return low + (high - low) * (static_cast<float>(random >> 8) * 0x1p-24f);
}
// Up to 2^k floats away, for a k below 20.
inline float beside(float x, unsigned random) {
  const int reach = 1 << (random % 20), offset = static_cast<int>(random >> 8) % reach;
  return word(__builtin_bit_cast(unsigned, x) + static_cast<unsigned>(random & 0x80 ? -offset : offset));
}

constexpr unsigned special_words[] = {0u,          0x80000000u, 0x7f800000u, 0xff800000u, 0x7fc00000u, 1u,
                                      0x80000001u, 0x007fffffu, 0x807fffffu, 0x00800000u, 0x7f7fffffu, 0xff7fffffu,
                                      0x3f800000u, 0xbf800000u, 0x3f000000u, 0x40000000u, 0xc0000000u, 0x40400000u,
                                      0xc0400000u, 0x4b000001u, 0xcb000001u, 0x4b800000u, 0x5f000000u, 0xdf000000u};
constexpr unsigned specials = sizeof(special_words) / sizeof(special_words[0]);

// Where a function of one argument is measured: between low and high, and around the points.
struct Range {
  float low, high;
  float points[6];
};
// Odd multiples of pi/4 and multiples of pi/2, small ones most often.
inline float near_quarter_turn(unsigned i, unsigned random) {
  const double turn = 0x1.921fb54442d18p-1L;
  const unsigned reach = 2u << (i % 24);
  return beside(static_cast<float>(static_cast<double>(mixed(random) % reach) * turn), random % 8 ? 0 : random);
}
inline float point(const Range &range, bool angle, unsigned i, unsigned n) {
  const unsigned random = mixed(i);
  if (i < specials)
    return word(special_words[i]);
  if (i % 2)
    return spread(i, n);
  if (i % 4)
    return between(range.low, range.high, random);
  if (angle)
    return near_quarter_turn(i / 4, random);
  return beside(range.points[i / 4 % 6], random);
}

enum class Pair { any, power, angle, quotient };
// Two arguments: any; x^y of middling size; nearly equal; x nearly a multiple of y.
inline void pair(Pair kind, unsigned i, unsigned n, float &x, float &y) {
  const unsigned random = mixed(i), other = mixed(random + 1);
  if (i < specials * specials) {
    x = word(special_words[i / specials]), y = word(special_words[i % specials]);
  } else if (i % 2 || kind == Pair::any) {
    x = spread(i, n), y = word(other);
  } else if (i % 4) {
    x = between(kind == Pair::power ? 0 : -20, 20, random), y = between(-20, 20, other);
  } else if (kind == Pair::power) {
    x = beside(1, random);
    const float wanted = between(-150, 130, other), each = metal::log2(x);
    y = each == 0.0f ? wanted : wanted / each;
  } else if (kind == Pair::angle) {
    y = word(other), x = beside(y, random);
  } else {
    y = word(other), x = beside(y * static_cast<float>(random % 1024), random);
  }
}

} // namespace precision
