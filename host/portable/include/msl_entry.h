// msl_entry.h: from the worker's structures to a kernel's arguments; what the front end's generated entry points are
// written with.
#pragma once

#include "msl_abi.h"
#include "msl_keywords.h"
#include "msl_lanes.h"

namespace msl {

// What a function constant holds that was given no value.
template <class T> MSL_FUNC T without_value() { return T{}; }

template <class F> struct Kernel;
template <class... A> struct Kernel<void (*)(A...)> {
  template <int I> using argument = __type_pack_element<I, A...>;
};

// A buffer as a pointer or reference parameter.
template <class P> struct Buffer;
template <class T> struct Buffer<T *> {
  static MSL_FUNC T *get(void *memory) { return static_cast<T *>(memory); }
};
template <class T> struct Buffer<T &> {
  static MSL_FUNC T &get(void *memory) { return *static_cast<T *>(memory); }
};

// A small `constant T&` by value: constant memory does not change while a kernel runs, and a copy needs no reload after
// every store.
constexpr unsigned long small_constant_bytes = 256;
template <class P, bool Small = (sizeof(P) <= small_constant_bytes)> struct Constant;
template <class T> struct Constant<T &, false> {
  T &value;
  MSL_FUNC explicit Constant(void *memory) : value(*static_cast<T *>(memory)) {}
  MSL_FUNC T &get() const { return value; }
};
template <class T> struct Constant<T &, true> {
  alignas(T) char bytes[sizeof(T)];
  MSL_FUNC explicit Constant(const void *memory) { __builtin_memcpy(bytes, memory, sizeof(T)); }
  MSL_FUNC T &get() const { return *reinterpret_cast<T *>(const_cast<char *>(bytes)); }
};

// An index attribute in the width its parameter has; a scalar is the x component.
template <class T> MSL_FUNC T index(uint32_t x, uint32_t y, uint32_t z) {
  if constexpr (__is_integral(T)) {
    return static_cast<T>(x);
  } else {
    using E = decltype(T().x);
    if constexpr (sizeof(T) == 2 * sizeof(E))
      return T(static_cast<E>(x), static_cast<E>(y));
    else
      return T(static_cast<E>(x), static_cast<E>(y), static_cast<E>(z));
  }
}

// One thread's place, whichever way the thread runs.
struct Place {
  const MslGroup *group;
  uint32_t x, y, z;
  uint32_t flat;

  MSL_FUNC uint32_t threads() const { return group->size[0] * group->size[1] * group->size[2]; }
  MSL_FUNC uint32_t nominal_threads() const {
    return group->nominal_size[0] * group->nominal_size[1] * group->nominal_size[2];
  }
};

#define MSL_VECTOR_INDEX(name, X, Y, Z)                                                                                \
  template <class T> MSL_FUNC T name(const Place &p) {                                                                 \
    const MslGroup &g = *p.group;                                                                                      \
    (void)g;                                                                                                           \
    return index<T>(X, Y, Z);                                                                                          \
  }
#define MSL_VECTOR_FIELD(name, field) MSL_VECTOR_INDEX(name, g.field[0], g.field[1], g.field[2])
#ifdef MSL_LANES
MSL_VECTOR_INDEX(thread_position_in_grid, msl_lanes_place(lanes_grid_x), msl_lanes_place(lanes_grid_y),
                 msl_lanes_place(lanes_grid_z))
#else
MSL_VECTOR_INDEX(thread_position_in_grid, g.position[0] * g.nominal_size[0] + p.x,
                 g.position[1] * g.nominal_size[1] + p.y, g.position[2] * g.nominal_size[2] + p.z)
#endif
MSL_VECTOR_INDEX(thread_position_in_threadgroup, p.x, p.y, p.z)
MSL_VECTOR_INDEX(grid_origin, 0, 0, 0)
MSL_VECTOR_FIELD(threads_per_grid, threads_per_grid)
MSL_VECTOR_FIELD(grid_size, threads_per_grid)
MSL_VECTOR_FIELD(threads_per_threadgroup, size)
MSL_VECTOR_FIELD(dispatch_threads_per_threadgroup, nominal_size)
MSL_VECTOR_FIELD(threadgroup_position_in_grid, position)
MSL_VECTOR_FIELD(threadgroups_per_grid, threadgroups_per_grid)
#undef MSL_VECTOR_FIELD
#undef MSL_VECTOR_INDEX

#define MSL_SCALAR_INDEX(name, value)                                                                                  \
  template <class T> MSL_FUNC T name(const Place &p) { return static_cast<T>(value); }
MSL_SCALAR_INDEX(thread_index_in_threadgroup, p.flat)
MSL_SCALAR_INDEX(thread_index_in_simdgroup, p.flat % MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(simdgroup_index_in_threadgroup, p.flat / MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(threads_per_simdgroup, MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(thread_execution_width, MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(simdgroups_per_threadgroup, (p.threads() + MSL_SIMD_WIDTH - 1) / MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(dispatch_simdgroups_per_threadgroup, (p.nominal_threads() + MSL_SIMD_WIDTH - 1) / MSL_SIMD_WIDTH)
MSL_SCALAR_INDEX(thread_index_in_quadgroup, p.flat % 4)
MSL_SCALAR_INDEX(quadgroup_index_in_threadgroup, p.flat / 4)
MSL_SCALAR_INDEX(quadgroups_per_threadgroup, (p.threads() + 3) / 4)
MSL_SCALAR_INDEX(dispatch_quadgroups_per_threadgroup, (p.nominal_threads() + 3) / 4)
#undef MSL_SCALAR_INDEX

// The place of a thread of "fiber" mode; of the running one.
MSL_FUNC Place place_of(const MslThread &t) { return {t.group, t.position[0], t.position[1], t.position[2], t.index}; }
#ifdef MSL_LANES
MSL_FUNC Place current() {
  return {msl_group, msl_lanes_place(lanes_x), msl_lanes_place(lanes_y), msl_lanes_place(lanes_z),
          msl_lanes_place(lanes_flat)};
}
#else
MSL_FUNC Place current() { return place_of(*msl_self); }
#endif

// A threadgroup variable: its place in the group's memory is its place in the section that collects its kernel's
// variables.
template <class T> MSL_FUNC T &threadgroup_variable(const char *storage, const char *section) {
  return *reinterpret_cast<T *>(msl_group->threadgroup_memory + (storage - section));
}

} // namespace msl
