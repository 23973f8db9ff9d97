// msl_atomic.h: atomics and the fence (MSL 2.6, 6.15). Lock-free on every supported CPU; an order weaker than the one
// asked for is never used.
#pragma once

#include "msl_checked.h"
#include "msl_sync.h"
#include "msl_traits.h"

namespace metal {

enum memory_order : int {
  memory_order_relaxed = __ATOMIC_RELAXED,
  memory_order_acquire = __ATOMIC_ACQUIRE,
  memory_order_release = __ATOMIC_RELEASE,
  memory_order_acq_rel = __ATOMIC_ACQ_REL,
  memory_order_seq_cst = __ATOMIC_SEQ_CST,
};
enum thread_scope : int {
  thread_scope_thread,
  thread_scope_simdgroup,
  thread_scope_threadgroup,
  thread_scope_device,
};

} // namespace metal

namespace msl {
template <class T>
constexpr bool is_atomic_type = __is_same(T, int) || __is_same(T, unsigned int) || __is_same(T, bool) ||
                                __is_same(T, float) || __is_same(T, unsigned long);
template <class T> constexpr bool is_atomic_integer = __is_same(T, int) || __is_same(T, unsigned int);
template <class T> constexpr bool is_atomic_addable = is_atomic_integer<T> || __is_same(T, float);
template <class T> constexpr bool is_atomic_ordered = is_atomic_integer<T> || __is_same(T, unsigned long);
} // namespace msl

namespace metal {

template <class T> struct atomic {
  static_assert(msl::is_atomic_type<T>, "atomic<T> exists for int, uint, bool, float and ulong");
  T msl_value;
};
using atomic_int = atomic<int>;
using atomic_uint = atomic<unsigned int>;
using atomic_bool = atomic<bool>;
using atomic_float = atomic<float>;
using atomic_ulong = atomic<unsigned long>;

// Values come as the type that T stands for, so that `atomic_fetch_add_explicit(counter, 1, ...)` on an atomic_uint
// converts its literal.
template <class T> using msl_same = typename type_identity<T>::type;

template <class T>
MSL_FUNC void atomic_store_explicit(volatile atomic<T> *object, msl_same<T> value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, false);
  __atomic_store(&object->msl_value, &value, order);
}
template <class T> MSL_FUNC T atomic_load_explicit(const volatile atomic<T> *object, memory_order order) {
  msl::checked_atomic(&object->msl_value, false, true);
  T value;
  __atomic_load(&object->msl_value, &value, order);
  return value;
}
template <class T>
MSL_FUNC T atomic_exchange_explicit(volatile atomic<T> *object, msl_same<T> value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, true);
  T old;
  __atomic_exchange(&object->msl_value, &value, &old, order);
  return old;
}
template <class T>
MSL_FUNC bool atomic_compare_exchange_weak_explicit(volatile atomic<T> *object, T *expected, msl_same<T> desired,
                                                    memory_order success, memory_order failure) {
  msl::checked_atomic(&object->msl_value, true, true);
  return __atomic_compare_exchange(&object->msl_value, expected, &desired, true, success, failure);
}

template <class T, enable_if_t<msl::is_atomic_addable<T>, int> = 0>
MSL_FUNC T atomic_fetch_add_explicit(volatile atomic<T> *object, msl_same<T> value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, true);
  return __atomic_fetch_add(&object->msl_value, value, order);
}
template <class T, enable_if_t<msl::is_atomic_addable<T>, int> = 0>
MSL_FUNC T atomic_fetch_sub_explicit(volatile atomic<T> *object, msl_same<T> value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, true);
  return __atomic_fetch_sub(&object->msl_value, value, order);
}
#define MSL_ATOMIC_FETCH(name)                                                                                         \
  template <class T, enable_if_t<msl::is_atomic_integer<T>, int> = 0>                                                  \
  MSL_FUNC T atomic_fetch_##name##_explicit(volatile atomic<T> *object, msl_same<T> value, memory_order order) {       \
    msl::checked_atomic(&object->msl_value, true, true);                                                               \
    return __atomic_fetch_##name(&object->msl_value, value, order);                                                    \
  }
MSL_ATOMIC_FETCH(and)
MSL_ATOMIC_FETCH(or)
MSL_ATOMIC_FETCH(xor)
MSL_ATOMIC_FETCH(min)
MSL_ATOMIC_FETCH(max)
#undef MSL_ATOMIC_FETCH
MSL_FUNC void atomic_min_explicit(volatile atomic<unsigned long> *object, unsigned long value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, true);
  __atomic_fetch_min(&object->msl_value, value, order);
}
MSL_FUNC void atomic_max_explicit(volatile atomic<unsigned long> *object, unsigned long value, memory_order order) {
  msl::checked_atomic(&object->msl_value, true, true);
  __atomic_fetch_max(&object->msl_value, value, order);
}

MSL_FUNC void atomic_thread_fence([[maybe_unused]] mem_flags flags, memory_order order,
                                  thread_scope = thread_scope_device) {
  msl::checked_fence(static_cast<uint32_t>(flags), order);
  switch (order) {
  case memory_order_relaxed:
    __atomic_signal_fence(__ATOMIC_SEQ_CST);
    break;
  case memory_order_acquire:
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    break;
  case memory_order_release:
    __atomic_thread_fence(__ATOMIC_RELEASE);
    break;
  case memory_order_acq_rel:
    __atomic_thread_fence(__ATOMIC_ACQ_REL);
    break;
  case memory_order_seq_cst:
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
    break;
  }
}

} // namespace metal
using metal::atomic_bool, metal::atomic_float, metal::atomic_int, metal::atomic_uint, metal::atomic_ulong;
