// Draws from the network's outputs, under masks: a value that a hard rule forbids has no probability.
#pragma once
#include "heads.h"
#include "philox.h"

namespace stan {

// draw_class draws from softmax(logits) over the classes that allowed(c) holds for; -1 if it holds for none. It leaves
// exp(logits) up to a factor in their place, so that each is computed once.
template <class Allowed>
STAN_HD int draw_class(float *logits, int n, float u, Allowed allowed) {
  float top = -INFINITY;
  for (int c = 0; c < n; c++)
    if (logits[c] > top && allowed(c)) top = logits[c];
  float sum = 0;
  for (int c = 0; c < n; c++) {
    logits[c] = allowed(c) ? expf(logits[c] - top) : 0.0f;
    sum += logits[c];
  }
  float left = u * sum;
  int last = -1;
  for (int c = 0; c < n; c++) {
    if (logits[c] <= 0) continue;
    last = c;
    left -= logits[c];
    if (left <= 0) return c;
  }
  return last;
}

struct Any {
  STAN_HD bool operator()(int) const { return true; }
};

STAN_HD double normal_cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

// normal_quantile is the inverse of normal_cdf by bisection and Newton steps on the log scale of its tail, good to 1e-9 of x.
STAN_HD double normal_quantile(double p) {
  // Starting value: Abramowitz and Stegun 26.2.23, |error| < 4.5e-4; two Newton steps on the CDF follow.
  const double q = p < 0.5 ? p : 1 - p;
  if (q <= 0) return p < 0.5 ? -38.0 : 38.0;
  const double t = sqrt(-2 * log(q));
  double x = t - (2.515517 + t * (0.802853 + t * 0.010328)) / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
  for (int i = 0; i < 2; i++) {
    const double density = 0.39894228040143267794 * exp(-0.5 * x * x);
    if (density < 1e-300) break;
    x += (normal_cdf(-x) - q) / density;
  }
  return p < 0.5 ? -x : x;
}

// draw_normal draws from a normal distribution cut to [low, high]; u in (0, 1).
STAN_HD double draw_normal(double mean, double sd, double low, double high, double u) {
  double a = (low - mean) / sd, b = (high - mean) / sd;
  // Work in the lower tail, where the CDF keeps its precision.
  const bool flip = a > 0;
  if (flip) {
    const double c = -a;
    a = -b;
    b = c;
  }
  const double pa = normal_cdf(a), pb = normal_cdf(b);
  double x = pb > pa ? normal_quantile(pa + u * (pb - pa)) : (a > -38 && b < -8 ? b : a);
  if (flip) {
    x = -x;
    const double c = -a;
    a = -b;
    b = c;
  }
  return mean + sd * fmin(fmax(x, a), b);
}

struct Value {
  int64_t v;
  int atom;  // index of the exact value, count for a value of the mixture
};

// draw_value draws a value of at least low and at most high (high < 0: no bound) from atoms [count+1] and a mixture [3, k]
// of logits, means and log standard deviations in y = (ln(v+1) - centre) / scale.
STAN_HD Value draw_value(float *atoms, float *mixture, int k, const Values &values, int64_t low, int64_t high,
                         const Draws &draws) {
  const int64_t *exact = values.exact;
  const int count = values.count;
  const int c = draw_class(atoms, count + 1, draws.uniform(0),
                           [=](int i) { return i == count || (exact[i] >= low && (high < 0 || exact[i] <= high)); });
  if (c < count) return {exact[c], c};
  const int m = draw_class(mixture, k, draws.uniform(1), Any());
  const double mean = mixture[k + m], sd = exp(double(mixture[2 * k + m]));
  const double a = (log(double(low) + 0.5) - values.centre) / values.scale;
  const double b = high < 0 ? 1e6 : (log(double(high) + 1.5) - values.centre) / values.scale;
  const double y = draw_normal(mean, sd, a, b, draws.uniform(2)) * values.scale + values.centre;
  int64_t v = int64_t(exp(fmin(y, 43.0)) - 0.5);
  if (v < low) v = low;
  if (high >= 0 && v > high) v = high;
  return {v, count};
}

}  // namespace stan
