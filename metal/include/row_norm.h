// Normalises a row in one read: the team keeps up to team.step() columns in registers between sum and result.
// A Source gives four columns, at(first, count); a Sink takes four, put(first, count, values).
#pragma once

#include "row.h"

namespace row {

struct Load {
  device const float *x;
  float4 at(uint first, uint count) const { return load4(x, first, count); }
};

struct LoadSum {
  device const float *x;
  device const float *residual;
  float4 at(uint first, uint count) const { return load4(x, first, count) + load4(residual, first, count); }
};

struct Store {
  device float *y;
  void put(uint first, uint count, float4 values) const { store4(y, first, count, values); }
};

struct StoreWeighted {
  device float *y;
  device const float *weight;
  void put(uint first, uint count, float4 values) const {
    store4(y, first, count, values * load4(weight, first, count));
  }
};

struct StoreAffine {
  device float *y;
  device const float *gamma;
  device const float *beta;
  void put(uint first, uint count, float4 values) const {
    store4(y, first, count, fma(values, load4(gamma, first, count), load4(beta, first, count)));
  }
};

// A row of several images of `area` columns, each with a scale and a shift of its own.
struct StoreChannels {
  device float *y;
  device const float *gamma;
  device const float *beta;
  uint area;
  void put(uint first, uint count, float4 values) const {
    if (first >= count) {
      return;
    }
    const uint channel = first / area;
    float4 scale = float4(gamma[channel]);
    float4 shift = float4(beta[channel]);
    for (uint i = 1; i < 4; ++i) {
      const uint other = min(first + i, count - 1) / area;
      if (other != channel) {
        scale[i] = gamma[other];
        shift[i] = beta[other];
      }
    }
    store4(y, first, count, fma(values, scale, shift));
  }
};

// values - mean, zero past the row's end.
inline float4 deviation(float4 values, float mean, uint first, uint count) {
  return select(float4(0.0f), values - mean, first + uint4(0, 1, 2, 3) < count);
}

struct NormPartials {
  float totals[MAX_SIMD_GROUPS];
  float2 moments[MAX_SIMD_GROUPS];
};

// The mean in two parts, of which the second is what its rounding left, and the variance.
struct Moments {
  float mean;
  float correction;
  float variance;
};

// Deviations and their squares are summed together, and both are corrected by what the deviations sum to, which holds
// where the mean is far larger than they are. `kept` holds x - mean of the first step afterwards.
template <typename Source>
Moments moments(Source source, uint cols, Team team, threadgroup NormPartials &partials, thread float4 (&kept)[KEPT]) {
  float4 total = float4(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    kept[k] = source.at(team.column(0, k), cols);
    total += kept[k];
  }
  for (uint start = team.step(); start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      total += source.at(team.column(start, k), cols);
    }
  }
  const float mean = sum(horizontal_sum(total), team, partials.totals) / float(cols);

  float4 deviations = float4(0.0f);
  float4 squares = float4(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    kept[k] = deviation(kept[k], mean, team.column(0, k), cols);
    deviations += kept[k];
    squares += kept[k] * kept[k];
  }
  for (uint start = team.step(); start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      const uint first = team.column(start, k);
      const float4 values = deviation(source.at(first, cols), mean, first, cols);
      deviations += values;
      squares += values * values;
    }
  }
  const float2 sums = float2(horizontal_sum(deviations), horizontal_sum(squares));
  const float2 means = sum(sums, team, partials.moments) / float(cols);
  return {mean, means.x, max(means.y - means.x * means.x, 0.0f)};
}

// (x - mean) / sqrt(var + eps).
template <typename Source, typename Sink>
void normalise(Source source, Sink sink, uint cols, float eps, Team team, threadgroup NormPartials &partials) {
  float4 kept[KEPT];
  const Moments found = moments(source, cols, team, partials, kept);
  const float scale = rsqrt(found.variance + eps);
  for (uint k = 0; k < KEPT; ++k) {
    sink.put(team.column(0, k), cols, (kept[k] - found.correction) * scale);
  }
  for (uint start = team.step(); start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      const uint first = team.column(start, k);
      sink.put(first, cols, ((source.at(first, cols) - found.mean) - found.correction) * scale);
    }
  }
}

// x / sqrt(mean(x^2) + eps).
template <typename Source, typename Sink>
void normalise_rms(Source source, Sink sink, uint cols, float eps, Team team, threadgroup float *partials) {
  float4 kept[KEPT];
  float4 squares = float4(0.0f);
  for (uint k = 0; k < KEPT; ++k) {
    kept[k] = source.at(team.column(0, k), cols);
    squares += kept[k] * kept[k];
  }
  for (uint start = team.step(); start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      const float4 values = source.at(team.column(start, k), cols);
      squares += values * values;
    }
  }
  const float scale = rsqrt(sum(horizontal_sum(squares), team, partials) / float(cols) + eps);
  for (uint k = 0; k < KEPT; ++k) {
    sink.put(team.column(0, k), cols, kept[k] * scale);
  }
  for (uint start = team.step(); start < cols; start += team.step()) {
    for (uint k = 0; k < KEPT; ++k) {
      const uint first = team.column(start, k);
      sink.put(first, cols, source.at(first, cols) * scale);
    }
  }
}

} // namespace row
