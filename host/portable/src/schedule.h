// Orders of execution, all of them functions of one seed: 0 is the natural order.
#pragma once
#include <stdint.h>

namespace msl {

inline uint64_t mix_bits(uint64_t x) {
  x += 0x9e3779b97f4a7c15u;
  x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
  x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
  return x ^ (x >> 31);
}

// A quiet NaN as float and as bfloat16 high half, a large number as integer.
inline uint32_t poison_word(uint64_t seed) {
  return seed == 0 ? 0x7fc0deadu : 0x7fc00000u | uint32_t(mix_bits(seed) & 0xffff);
}

class Random {
public:
  explicit Random(uint64_t seed) : state_(mix_bits(seed) | 1) {}

  uint32_t below(uint32_t bound) {
    state_ ^= state_ << 13;
    state_ ^= state_ >> 7;
    state_ ^= state_ << 17;
    return uint32_t((uint64_t(uint32_t(state_ >> 16)) * bound) >> 32);
  }

private:
  uint64_t state_;
};

// i -> (start + i * stride) mod count with a stride coprime to count: each index once, neighbours far apart.
class Permutation {
public:
  Permutation(uint64_t seed, uint64_t count) : count_(count) {
    if (seed == 0 || count < 2)
      return;
    shuffled_ = true;
    start_ = mix_bits(seed) % count;
    if (count > UINT32_MAX)
      return; // the product below must fit: such a grid is only rotated
    stride_ = mix_bits(seed + 1) % count | 1;
    while (divisor(stride_, count) != 1)
      stride_ = (stride_ + 1) % count;
  }

  uint64_t operator()(uint64_t index) const { return shuffled_ ? (index * stride_ % count_ + start_) % count_ : index; }

private:
  static uint64_t divisor(uint64_t a, uint64_t b) {
    while (b) {
      uint64_t rest = a % b;
      a = b;
      b = rest;
    }
    return a;
  }

  uint64_t count_;
  uint64_t start_ = 0;
  uint64_t stride_ = 1;
  bool shuffled_ = false;
};

// The threadgroups in a checked worker: its seeds 0 and 1 are the natural order and its reverse.
constexpr uint64_t REVERSED = 1;
inline uint64_t group_of(uint64_t seed, uint64_t ordinal, uint64_t count) {
  return seed == REVERSED ? count - 1 - ordinal : Permutation(seed, count)(ordinal);
}

} // namespace msl
