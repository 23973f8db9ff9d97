// activation.h: activation functions of float and float4 that neither overflow nor cancel where the textbook forms do.
//
// Each is written in exp(-|x|), which lies in (0, 1] for every x, so that fast math never meets inf / inf or inf - inf.
#pragma once
#include <metal_stdlib>

// log(1 + t) for t in [0, 1], with full relative accuracy as t vanishes: 2 atanh(t / (2 + t)), a weighted minimax fit.
template <typename T> inline T log_one_plus(T t) {
  const T s = t / (2.0f + t);
  const T z = s * s;
  T series = metal::fma(z, T(0.2817833423614502f), T(0.27960601449012756f));
  series = metal::fma(z, series, T(0.40024909377098083f));
  series = metal::fma(z, series, T(0.6666631698608398f));
  return s * metal::fma(z, series, T(2.0f));
}

// exp(x) - 1 for x <= 0: a weighted minimax fit near zero, where the difference would cancel.
template <typename T> inline T exp_minus_one(T x) {
  T slope = metal::fma(x, T(0.0010748769855126739f), T(0.008128827437758446f));
  slope = metal::fma(x, slope, T(0.041603583842515945f));
  slope = metal::fma(x, slope, T(0.16665774583816528f));
  slope = metal::fma(x, slope, T(0.4999995231628418f));
  slope = metal::fma(x, slope, T(1.0f));
  return metal::select(metal::exp(x) - 1.0f, x * slope, x > -0.6f);
}

template <typename T> inline T sigmoid(T x) {
  const T t = metal::exp(-metal::abs(x));
  return metal::select(T(1.0f), t, x < 0.0f) / (1.0f + t);
}

template <typename T> inline T silu(T x) { return x * sigmoid(x); }

template <typename T> inline T softplus(T x) {
  return metal::max(x, T(0.0f)) + log_one_plus(metal::exp(-metal::abs(x)));
}

// x tanh(softplus(x)), where tanh(log(1 + e)) = (e e + 2 e) / (e e + 2 e + 2), divided by e e for positive x.
template <typename T> inline T mish(T x) {
  const T t = metal::exp(-metal::abs(x));
  const T above = metal::select(1.0f + 2.0f * t, t * (t + 2.0f), x < 0.0f);
  const T beyond = metal::select(2.0f * t * t, T(2.0f), x < 0.0f);
  return x * above / (above + beyond);
}

// The exact form, x Phi(x) = max(x, 0) - |x| Phi(-|x|); Phi by Abramowitz and Stegun 7.1.26, off by less than 7.5e-8.
template <typename T> inline T gelu(T x) {
  const T a = metal::abs(x);
  const T t = 1.0f / metal::fma(a, T(0.2316419f), T(1.0f));
  T tail = metal::fma(t, T(0.5307027145f), T(-0.7265760135f));
  tail = metal::fma(t, tail, T(0.7107068705f));
  tail = metal::fma(t, tail, T(-0.142248368f));
  tail = metal::fma(t, tail, T(0.127414796f));
  return metal::max(x, T(0.0f)) - a * t * tail * metal::exp(-0.5f * a * a);
}

// The tanh form: (1 + tanh(u)) / 2 is sigmoid(2 u), which does not cancel for negative u.
template <typename T> inline T gelu_tanh(T x) {
  constexpr float scale = 1.5957691216f; // 2 sqrt(2 / pi)
  return x * sigmoid(x * metal::fma(x * x, T(0.044715f * scale), T(scale)));
}
