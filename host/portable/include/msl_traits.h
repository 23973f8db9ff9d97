// msl_traits.h: <metal_type_traits> by compiler builtins, since no C++ standard library may be visible to a kernel.
#pragma once

namespace metal {

template <class T, T V> struct integral_constant {
  static constexpr T value = V;
  using value_type = T;
  using type = integral_constant;
  constexpr operator T() const { return V; }
  constexpr T operator()() const { return V; }
};
template <bool B> using bool_constant = integral_constant<bool, B>;
using true_type = bool_constant<true>;
using false_type = bool_constant<false>;

template <bool B, class T = void> struct enable_if {};
template <class T> struct enable_if<true, T> {
  using type = T;
};
template <bool B, class T = void> using enable_if_t = typename enable_if<B, T>::type;

template <bool B, class T, class F> struct conditional {
  using type = T;
};
template <class T, class F> struct conditional<false, T, F> {
  using type = F;
};
template <bool B, class T, class F> using conditional_t = typename conditional<B, T, F>::type;

template <class...> using void_t = void;
template <class T> struct type_identity {
  using type = T;
};

#define MSL_TYPE_TRAIT(name, expression)                                                                               \
  template <class T> struct name {                                                                                     \
    using type = expression;                                                                                           \
  };                                                                                                                   \
  template <class T> using name##_t = expression;
MSL_TYPE_TRAIT(remove_cv, __remove_cv(T))
MSL_TYPE_TRAIT(remove_const, __remove_const(T))
MSL_TYPE_TRAIT(remove_volatile, __remove_volatile(T))
MSL_TYPE_TRAIT(remove_reference, __remove_reference_t(T))
MSL_TYPE_TRAIT(remove_pointer, __remove_pointer(T))
MSL_TYPE_TRAIT(remove_extent, __remove_extent(T))
MSL_TYPE_TRAIT(add_pointer, __add_pointer(T))
MSL_TYPE_TRAIT(add_lvalue_reference, __add_lvalue_reference(T))
MSL_TYPE_TRAIT(add_rvalue_reference, __add_rvalue_reference(T))
MSL_TYPE_TRAIT(add_const, const T)
MSL_TYPE_TRAIT(decay, __decay(T))
MSL_TYPE_TRAIT(make_signed, __make_signed(T))
MSL_TYPE_TRAIT(make_unsigned, __make_unsigned(T))
MSL_TYPE_TRAIT(underlying_type, __underlying_type(T))
MSL_TYPE_TRAIT(remove_addrspace, T)
#undef MSL_TYPE_TRAIT

#define MSL_VALUE_TRAIT(name, expression)                                                                              \
  template <class T> struct name : bool_constant<expression> {};                                                       \
  template <class T> constexpr bool name##_v = expression;
MSL_VALUE_TRAIT(is_void, __is_void(T))
MSL_VALUE_TRAIT(is_integral, __is_integral(T))
MSL_VALUE_TRAIT(is_floating_point, __is_floating_point(T))
MSL_VALUE_TRAIT(is_arithmetic, __is_arithmetic(T))
MSL_VALUE_TRAIT(is_scalar, __is_scalar(T))
MSL_VALUE_TRAIT(is_signed, __is_signed(T))
MSL_VALUE_TRAIT(is_unsigned, __is_unsigned(T))
MSL_VALUE_TRAIT(is_enum, __is_enum(T))
MSL_VALUE_TRAIT(is_class, __is_class(T))
MSL_VALUE_TRAIT(is_union, __is_union(T))
MSL_VALUE_TRAIT(is_array, __is_array(T))
MSL_VALUE_TRAIT(is_pointer, __is_pointer(T))
MSL_VALUE_TRAIT(is_reference, __is_reference(T))
MSL_VALUE_TRAIT(is_function, __is_function(T))
MSL_VALUE_TRAIT(is_const, __is_const(T))
MSL_VALUE_TRAIT(is_volatile, __is_volatile(T))
MSL_VALUE_TRAIT(is_trivial, __is_trivially_constructible(T) && __is_trivially_copyable(T))
MSL_VALUE_TRAIT(is_empty, __is_empty(T))
#undef MSL_VALUE_TRAIT

#define MSL_PAIR_TRAIT(name, expression)                                                                               \
  template <class T, class U> struct name : bool_constant<expression> {};                                              \
  template <class T, class U> constexpr bool name##_v = expression;
MSL_PAIR_TRAIT(is_same, __is_same(T, U))
MSL_PAIR_TRAIT(is_convertible, __is_convertible(T, U))
MSL_PAIR_TRAIT(is_base_of, __is_base_of(T, U))
MSL_PAIR_TRAIT(is_assignable, __is_assignable(T, U))
#undef MSL_PAIR_TRAIT

template <class T, class... A> struct is_constructible : bool_constant<__is_constructible(T, A...)> {};
template <class T, class... A> constexpr bool is_constructible_v = __is_constructible(T, A...);

template <class... B> struct conjunction : bool_constant<(B::value && ...)> {};
template <class... B> struct disjunction : bool_constant<(B::value || ...)> {};
template <class B> struct negation : bool_constant<!B::value> {};
// The names under which Metal's own headers have them, which published kernels use.
template <class... B> struct _conjunction : conjunction<B...> {};
template <class... B> struct _disjunction : disjunction<B...> {};
template <class... B> constexpr bool conjunction_v = (B::value && ...);
template <class... B> constexpr bool disjunction_v = (B::value || ...);
template <class B> constexpr bool negation_v = !B::value;

template <class T> constexpr add_rvalue_reference_t<T> declval();
template <class T> constexpr remove_reference_t<T> &&move(T &&t) { return static_cast<remove_reference_t<T> &&>(t); }
template <class T> constexpr T &&forward(remove_reference_t<T> &t) { return static_cast<T &&>(t); }

template <class... T> struct common_type;
template <class T> struct common_type<T> {
  using type = decay_t<T>;
};
template <class T, class U> struct common_type<T, U> {
  using type = decay_t<decltype(false ? declval<T>() : declval<U>())>;
};
template <class T, class U, class V, class... R> struct common_type<T, U, V, R...> {
  using type = typename common_type<typename common_type<T, U>::type, V, R...>::type;
};
template <class... T> using common_type_t = typename common_type<T...>::type;

} // namespace metal
