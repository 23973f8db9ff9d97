// msl_simd.h: SIMD-group functions (MSL 6.9.2). A lane hands a slot to the worker; the last active lane to arrive runs
// one `combine` over all slots. Only active lanes take part; reading any other lane gives poison, as nothing else would
// show the kernel's mistake.
#pragma once

#include "msl_checked.h"
#include "msl_math.h"
#include "msl_sync.h"

namespace msl {

constexpr int lanes = MSL_SIMD_WIDTH;

// What a lane that is not there holds: a NaN, or a conspicuous integer.
template <class T> MSL_FUNC T poison_scalar() {
#ifdef MSL_CHECKED
  const uint32_t word = msl_checked_poison();
  if constexpr (__is_same(T, float))
    return bits<float>(word);
  else if constexpr (__is_same(T, _Float16) || __is_same(T, __bf16))
    return bits<T>(static_cast<uint16_t>(word >> 16));
  else
    return static_cast<T>(word);
#else
  if constexpr (__is_same(T, float))
    return bits<float>(0x7fbadbadu);
  else if constexpr (__is_same(T, _Float16))
    return bits<_Float16>(static_cast<uint16_t>(0x7dbau));
  else if constexpr (__is_same(T, __bf16))
    return bits<__bf16>(static_cast<uint16_t>(0x7fbau));
  else
    return static_cast<T>(0xbadbadbau);
#endif
}
template <class T> MSL_FUNC T poison() {
  if constexpr (is_vec<T>)
    return T(poison_scalar<typename T::msl_element>());
  else
    return poison_scalar<T>();
}

MSL_FUNC bool is_active(uint32_t active, uint32_t lane) { return lane < lanes && (active >> lane & 1); }
#ifdef MSL_LANES
MSL_FUNC uint32_t own_lane() { return msl_lanes_place(lanes_own); }
#else
MSL_FUNC uint32_t own_lane() { return msl_self->index % lanes; }
#endif

// A lane's value on the way in, the result on the way out, and where it wants to read from.
template <class T> struct Slot {
  T value;
  uint32_t lane;
};
template <class S> MSL_FUNC S &slot(void *const *slots, int lane) { return *static_cast<S *>(slots[lane]); }

// The lowest active lane of a mask, and the mask without it.
MSL_FUNC int first_of(uint32_t mask) { return __builtin_ctz(mask); }
MSL_FUNC uint32_t without_first(uint32_t mask) { return mask & (mask - 1); }
// The active lanes of the cluster that starts at `base`.
template <int Cluster> MSL_FUNC uint32_t cluster_mask(uint32_t active, int base) {
  return active & static_cast<uint32_t>(((uint64_t(1) << Cluster) - 1) << base);
}

template <class T, class Op, int Cluster> struct Reduce {
  static void combine(void *const *slots, uint32_t active, const void *) {
    for (int base = 0; base < lanes; base += Cluster) {
      const uint32_t members = cluster_mask<Cluster>(active, base);
      if (!members)
        continue;
      T total = slot<T>(slots, first_of(members));
      for (uint32_t rest = without_first(members); rest; rest = without_first(rest))
        total = Op::apply(total, slot<T>(slots, first_of(rest)));
      for (uint32_t rest = members; rest; rest = without_first(rest))
        slot<T>(slots, first_of(rest)) = total;
    }
  }
};
template <class T, class Op, bool Inclusive, int Cluster> struct Scan {
  static void combine(void *const *slots, uint32_t active, const void *) {
    for (int base = 0; base < lanes; base += Cluster) {
      T total = T(Op::identity);
      for (uint32_t rest = cluster_mask<Cluster>(active, base); rest; rest = without_first(rest)) {
        T &mine = slot<T>(slots, first_of(rest));
        const T next = Op::apply(total, mine);
        mine = Inclusive ? next : total;
        total = next;
      }
    }
  }
};
// Every lane names the lane it reads.
template <class T> struct Gather {
  static void combine(void *const *slots, uint32_t active, const void *) {
    T values[lanes];
    for (uint32_t rest = active; rest; rest = without_first(rest))
      values[first_of(rest)] = slot<Slot<T>>(slots, first_of(rest)).value;
    for (uint32_t rest = active; rest; rest = without_first(rest)) {
      Slot<T> &mine = slot<Slot<T>>(slots, first_of(rest));
      if (!is_active(active, mine.lane))
        checked_inactive(static_cast<uint32_t>(first_of(rest)), mine.lane);
      mine.value = is_active(active, mine.lane) ? values[mine.lane] : poison<T>();
    }
  }
};
template <class T, int Cluster> struct GatherFirst {
  static void combine(void *const *slots, uint32_t active, const void *) {
    for (uint32_t rest = active; rest; rest = without_first(rest)) {
      const int lane = first_of(rest);
      slot<T>(slots, lane) = slot<T>(slots, first_of(cluster_mask<Cluster>(active, lane / Cluster * Cluster)));
    }
  }
};
// Every lane names the lane it reads and which of that lane's two values.
template <class T> struct FillSlot {
  T value, fill;
  uint32_t lane;
  bool from_fill;
};
template <class T> struct GatherFill {
  static void combine(void *const *slots, uint32_t active, const void *) {
    T values[lanes], fills[lanes];
    for (uint32_t rest = active; rest; rest = without_first(rest)) {
      const FillSlot<T> &theirs = slot<FillSlot<T>>(slots, first_of(rest));
      values[first_of(rest)] = theirs.value;
      fills[first_of(rest)] = theirs.fill;
    }
    for (uint32_t rest = active; rest; rest = without_first(rest)) {
      FillSlot<T> &mine = slot<FillSlot<T>>(slots, first_of(rest));
      if (!is_active(active, mine.lane))
        checked_inactive(static_cast<uint32_t>(first_of(rest)), mine.lane);
      mine.value = !is_active(active, mine.lane) ? poison<T>() : mine.from_fill ? fills[mine.lane] : values[mine.lane];
    }
  }
};

struct Add {
  static constexpr int identity = 0;
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return static_cast<T>(a + b); }
};
struct Multiply {
  static constexpr int identity = 1;
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return static_cast<T>(a * b); }
};
struct Least {
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return metal::min(a, b); }
};
struct Greatest {
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return metal::max(a, b); }
};
struct And {
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return static_cast<T>(a & b); }
};
struct Or {
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return static_cast<T>(a | b); }
};
struct Xor {
  template <class T> static MSL_FUNC T apply(const T &a, const T &b) { return static_cast<T>(a ^ b); }
};

#ifdef MSL_LANES
// `f` of every component.
template <class T, class F> MSL_FUNC T each_component(T value, F f) {
  if constexpr (is_vec<T>) {
    value.x = f(value.x);
    value.y = f(value.y);
    if constexpr (T::msl_size > 2)
      value.z = f(value.z);
    if constexpr (T::msl_size > 3)
      value.w = f(value.w);
    return value;
  } else {
    return f(value);
  }
}
template <class T> MSL_FUNC T gather(T value, uint32_t lane, Site) {
  return each_component(value,
                        [=](auto x) { return lanes_gather(x, lane, poison_scalar<__remove_cvref(decltype(x))>()); });
}
template <int Cluster, class T> MSL_FUNC T gather_first(T value, Site site) {
  const int base = static_cast<int>(own_lane()) / Cluster * Cluster;
  return gather(value, static_cast<uint32_t>(first_of(cluster_mask<Cluster>(msl_lanes_active(), base))), site);
}
template <class T> MSL_FUNC T gather_fill(T value, T fill, int offset, int cluster, Site site) {
  const int lane = static_cast<int>(own_lane()), base = lane / cluster * cluster, place = lane - base + offset;
  const int wrapped = place < 0 ? place + cluster : place >= cluster ? place - cluster : place;
  const uint32_t source = static_cast<uint32_t>(base + wrapped);
  const T near = gather(value, source, site), far = gather(fill, source, site);
  return wrapped != place ? far : near;
}
template <class Op, int Cluster, class T> MSL_FUNC T reduce(T value, Site) {
  return each_component(
      value, [](auto x) { return lanes_reduce<Op, Cluster, (static_cast<__remove_cvref(decltype(x))>(-1) < 0)>(x); });
}
template <class Op, bool Inclusive, int Cluster, class T> MSL_FUNC T scan(T value, Site) {
  return each_component(value, [](auto x) { return lanes_scan<Op, Inclusive, Cluster>(x); });
}
MSL_FUNC Slot<uint32_t> vote(bool yes, Site) { return {msl_lanes_ballot(yes), msl_lanes_active()}; }
#else
template <class T> MSL_FUNC T gather(T value, uint32_t lane, Site site) {
  Slot<T> mine{value, lane};
  msl_simd_collective(&mine, Gather<T>::combine, nullptr, site.number);
  return mine.value;
}
template <int Cluster, class T> MSL_FUNC T gather_first(T value, Site site) {
  msl_simd_collective(&value, GatherFirst<T, Cluster>::combine, nullptr, site.number);
  return value;
}
// `lane` within clusters of `cluster` lanes; what falls off one end comes from the fill values of the other.
template <class T> MSL_FUNC T gather_fill(T value, T fill, int offset, int cluster, Site site) {
  const int lane = static_cast<int>(own_lane()), base = lane / cluster * cluster, place = lane - base + offset;
  const int wrapped = place < 0 ? place + cluster : place >= cluster ? place - cluster : place;
  FillSlot<T> mine{value, fill, static_cast<uint32_t>(base + wrapped), wrapped != place};
  msl_simd_collective(&mine, GatherFill<T>::combine, nullptr, site.number);
  return mine.value;
}
template <class Op, int Cluster, class T> MSL_FUNC T reduce(T value, Site site) {
  msl_simd_collective(&value, Reduce<T, Op, Cluster>::combine, nullptr, site.number);
  return value;
}
template <class Op, bool Inclusive, int Cluster, class T> MSL_FUNC T scan(T value, Site site) {
  msl_simd_collective(&value, Scan<T, Op, Inclusive, Cluster>::combine, nullptr, site.number);
  return value;
}
#endif
struct Vote {
  static void combine(void *const *slots, uint32_t active, const void *) {
    uint32_t votes = 0;
    for (uint32_t rest = active; rest; rest = without_first(rest))
      votes |= (slot<Slot<uint32_t>>(slots, first_of(rest)).value != 0 ? 1u : 0u) << first_of(rest);
    for (uint32_t rest = active; rest; rest = without_first(rest))
      slot<Slot<uint32_t>>(slots, first_of(rest)) = {votes, active};
  }
};
// .value has the bits of the active lanes that said yes, .lane those of all active lanes.
#ifndef MSL_LANES
MSL_FUNC Slot<uint32_t> vote(bool yes, Site site) {
  Slot<uint32_t> mine{yes, 0};
  msl_simd_collective(&mine, Vote::combine, nullptr, site.number);
  return mine;
}
#endif
// The bits of the caller's cluster, from bit 0 on.
template <int Cluster> MSL_FUNC uint32_t own_cluster(uint32_t mask) {
  return cluster_mask<Cluster>(mask, own_lane() / Cluster * Cluster) >> (own_lane() / Cluster * Cluster);
}
struct Meet {
  static void combine(void *const *, uint32_t, const void *) {}
};

// The types MSL allows: not bool, nor 64-bit integers, nor what is no number.
template <class T> constexpr bool simd_scalar = __is_arithmetic(T) && sizeof(T) <= 4 && !__is_same(T, bool);
template <class T> constexpr bool simd_type = simd_scalar<T>;
template <class T, int N> constexpr bool simd_type<vec<T, N>> = simd_scalar<T>;
template <class T> using only_simd = metal::enable_if_t<simd_type<T>, int>;

} // namespace msl

namespace metal {

MSL_FUNC void simdgroup_barrier([[maybe_unused]] mem_flags flags, MSL_SITE) {
#ifdef MSL_LANES
  return msl_lanes_meet();
#endif
  char nothing;
#ifdef MSL_CHECKED
  const void *const argument = reinterpret_cast<const void *>(static_cast<uintptr_t>(flags) + 1);
#else
  const void *const argument = nullptr;
#endif
  msl_simd_collective(&nothing, msl::Meet::combine, argument, msl_site.number);
}

// The functions of a SIMD-group and of a quad differ in the number of lanes that belong together.
#define MSL_GROUP_REDUCTION(group, cluster, name, Op)                                                                  \
  template <class T, msl::only_simd<T> = 0> MSL_FUNC T group##_##name(T x, MSL_SITE) {                                 \
    return msl::reduce<msl::Op, cluster>(x, msl_site);                                                                 \
  }
#define MSL_GROUP_SCAN(group, cluster, name, Op, inclusive)                                                            \
  template <class T, msl::only_simd<T> = 0> MSL_FUNC T group##_##name(T x, MSL_SITE) {                                 \
    return msl::scan<msl::Op, inclusive, cluster>(x, msl_site);                                                        \
  }
// `uniform`: whether MSL asks for the same argument in all lanes. `here` is the caller's place in its cluster, `base`
// the cluster's first lane.
#define MSL_GROUP_SHUFFLE(group, cluster, name, argument, uniform, from)                                               \
  template <class T, msl::only_simd<T> = 0> MSL_FUNC T group##_##name(T x, ushort argument, MSL_SITE) {                \
    [[maybe_unused]] const uint here = msl::own_lane() % cluster, base = msl::own_lane() - here;                       \
    const uint source = from;                                                                                          \
    if constexpr (uniform)                                                                                             \
      msl::checked_uniform(argument, cluster);                                                                         \
    return msl::gather(x, source < cluster ? base + source : msl::lanes, msl_site);                                    \
  }

#define MSL_GROUP(group, cluster)                                                                                      \
  MSL_GROUP_REDUCTION(group, cluster, sum, Add)                                                                        \
  MSL_GROUP_REDUCTION(group, cluster, product, Multiply)                                                               \
  MSL_GROUP_REDUCTION(group, cluster, min, Least)                                                                      \
  MSL_GROUP_REDUCTION(group, cluster, max, Greatest)                                                                   \
  MSL_GROUP_REDUCTION(group, cluster, and, And)                                                                        \
  MSL_GROUP_REDUCTION(group, cluster, or, Or)                                                                          \
  MSL_GROUP_REDUCTION(group, cluster, xor, Xor)                                                                        \
  MSL_GROUP_SCAN(group, cluster, prefix_inclusive_sum, Add, true)                                                      \
  MSL_GROUP_SCAN(group, cluster, prefix_exclusive_sum, Add, false)                                                     \
  MSL_GROUP_SCAN(group, cluster, prefix_inclusive_product, Multiply, true)                                             \
  MSL_GROUP_SCAN(group, cluster, prefix_exclusive_product, Multiply, false)                                            \
  MSL_GROUP_SHUFFLE(group, cluster, broadcast, lane, true, lane)                                                       \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle, lane, false, lane)                                                        \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle_xor, mask, true, here ^ mask)                                              \
  /* A lane without a source keeps its own value. */                                                                   \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle_up, delta, true, here >= delta ? here - delta : here)                      \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle_down, delta, true, here + delta < cluster ? here + delta : here)           \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle_rotate_up, delta, true, (here - delta) % cluster)                          \
  MSL_GROUP_SHUFFLE(group, cluster, shuffle_rotate_down, delta, true, (here + delta) % cluster)                        \
  template <class T, msl::only_simd<T> = 0> MSL_FUNC T group##_broadcast_first(T x, MSL_SITE) {                        \
    return msl::gather_first<cluster>(x, msl_site);                                                                    \
  }                                                                                                                    \
  template <class T, msl::only_simd<T> = 0>                                                                            \
  MSL_FUNC T group##_shuffle_and_fill_up(T data, T filling, ushort delta, ushort modulo = cluster, MSL_SITE) {         \
    msl::checked_uniform(delta | static_cast<uint>(modulo) << 8, cluster);                                             \
    return msl::gather_fill(data, filling, -static_cast<int>(delta), modulo, msl_site);                                \
  }                                                                                                                    \
  template <class T, msl::only_simd<T> = 0>                                                                            \
  MSL_FUNC T group##_shuffle_and_fill_down(T data, T filling, ushort delta, ushort modulo = cluster, MSL_SITE) {       \
    msl::checked_uniform(delta | static_cast<uint>(modulo) << 8, cluster);                                             \
    return msl::gather_fill(data, filling, delta, modulo, msl_site);                                                   \
  }                                                                                                                    \
  class group##_vote {                                                                                                 \
  public:                                                                                                              \
    using vote_t = unsigned long;                                                                                      \
    group##_vote() = default;                                                                                          \
    explicit constexpr group##_vote(vote_t bits) : msl_bits(bits) {}                                                   \
    explicit constexpr operator vote_t() const { return msl_bits; }                                                    \
    constexpr bool all() const { return msl_bits == (uint64_t(1) << cluster) - 1; }                                    \
    constexpr bool any() const { return msl_bits != 0; }                                                               \
                                                                                                                       \
  private:                                                                                                             \
    vote_t msl_bits;                                                                                                   \
  };                                                                                                                   \
  MSL_FUNC group##_vote group##_ballot(bool yes, MSL_SITE) {                                                           \
    return group##_vote(msl::own_cluster<cluster>(msl::vote(yes, msl_site).value));                                    \
  }                                                                                                                    \
  MSL_FUNC group##_vote group##_active_threads_mask(MSL_SITE) {                                                        \
    return group##_vote(msl::own_cluster<cluster>(msl::vote(true, msl_site).value));                                   \
  }                                                                                                                    \
  MSL_FUNC bool group##_any(bool yes, MSL_SITE) {                                                                      \
    return msl::own_cluster<cluster>(msl::vote(yes, msl_site).value) != 0;                                             \
  }                                                                                                                    \
  MSL_FUNC bool group##_all(bool yes, MSL_SITE) {                                                                      \
    const msl::Slot<uint32_t> result = msl::vote(yes, msl_site);                                                       \
    return msl::own_cluster<cluster>(result.value) == msl::own_cluster<cluster>(result.lane);                          \
  }                                                                                                                    \
  MSL_FUNC bool group##_is_first(MSL_SITE) {                                                                           \
    const uint32_t members = msl::own_cluster<cluster>(msl::vote(true, msl_site).lane);                                \
    return static_cast<uint>(msl::first_of(members)) == msl::own_lane() % cluster;                                     \
  }
MSL_GROUP(simd, 32)
MSL_GROUP(quad, 4)
#undef MSL_GROUP
#undef MSL_GROUP_REDUCTION
#undef MSL_GROUP_SCAN
#undef MSL_GROUP_SHUFFLE

MSL_FUNC bool simd_is_helper_thread() { return false; }

} // namespace metal
