// Draws from the network's outputs, under masks: a value that a hard rule forbids has no probability.
#pragma once
#include "heads.h"
#include "philox.h"
#include "team.h"

namespace stan {

// weigh replaces logits by weights, exp(logit) up to a factor, and 0 for classes that allowed(c) does not hold for.
template <class Allowed, class M = Single>
STAN_HD void weigh(float *logits, int n, Allowed allowed, const Team<M> &team = {}) {
  float top = -INFINITY;
  for (int c = team.rank(); c < n; c += team.size)
    if (logits[c] > top && allowed(c)) top = logits[c];
  top = team.max(top);
  for (int c = team.rank(); c < n; c += team.size) logits[c] = allowed(c) ? expf(logits[c] - top) : 0.0f;
}

// pick returns the class that the share u of all weights leads to; -1 if there is no weight.
template <class M = Single>
STAN_HD int pick(const float *weights, int n, float u, const Team<M> &team = {}) {
  float sum = 0;
  for (int c = team.rank(); c < n; c += team.size) sum += weights[c];
  float left = u * team.sum(sum);
  int last = -1;
  for (int from = 0; from < n; from += team.size) {
    const int c = from + team.rank();
    const float weight = c < n ? weights[c] : 0, upto = team.upto(weight);
    const bool some = !(weight <= 0);
    const int found = team.first(some && left - upto <= 0), seen = team.last(some);
    if (found < team.size) return from + found;
    if (seen >= 0) last = from + seen;
    left -= team.of(upto, team.size - 1);
  }
  return last;
}

// draw_class draws from softmax(logits) over the classes that allowed(c) holds for; -1 if it holds for none. The logits
// are scratch.
template <class Allowed, class M = Single>
STAN_HD int draw_class(float *logits, int n, float u, Allowed allowed, const Team<M> &team = {}) {
  weigh(logits, n, allowed, team);
  return pick(logits, n, u, team);
}

struct Any {
  STAN_HD bool operator()(int) const { return true; }
};

STAN_HD double normal_cdf(double x) { return 0.5 * erfc(-x * 0.70710678118654752440); }

// normal_quantile is the inverse of normal_cdf, good to 1e-8 where p is 1e-290 to 0.5, and above as 1 - p has digits.
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
  // Where the CDF is 0 the distribution is that of b less an exponential of mean 1/|b|.
  double x = pb > pa ? normal_quantile(pa + u * (pb - pa)) : b + log(u) / fmax(-b, 1.0);
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

constexpr int kAttempts = 16;  // at a draw that may be rejected; then it stands

// NoLean draws values as the network says. A lean adds to the log likelihood of a value, ln kMost at most.
struct NoLean {
  static constexpr float kMost = 1;
  STAN_HD float operator()(int64_t) const { return 0; }
};

// draw_value draws a value of at least low and at most high (high < 0: no bound) from atoms [count+1] and a mixture [3, k]
// of logits, means and log standard deviations in y = (ln(v+1) - centre) / scale. Both are scratch. What the mixture
// draws is none of the exact values, as in training. After the atoms come the weights of n copies, values that the stream
// has shown and that are no exact ones, -1 for none; what is one of them is drawn as a copy.
template <class Lean = NoLean, class M = Single>
STAN_HD Value draw_value(float *atoms, float *mixture, int k, const Values &values, int64_t low, int64_t high,
                         const Draws &draws, Lean lean = Lean(), const int64_t *copies = nullptr, int n = 0,
                         const Team<M> &team = {}) {
  const int64_t *exact = values.exact;
  const int count = values.count;
  for (int i = team.rank(); i < count + 1 + n; i += team.size) {
    if (i == count || (i > count && copies[i - count - 1] < 0)) continue;
    atoms[i] += lean(i < count ? exact[i] : copies[i - count - 1]);
  }
  const auto fits = [=](int64_t v) { return v >= low && (high < 0 || v <= high); };
  const int c = draw_class(atoms, count + 1 + n, draws.uniform(0), [=](int i) {
    return i == count || (i < count ? fits(exact[i]) : copies[i - count - 1] >= 0 && fits(copies[i - count - 1]));
  }, team);
  if (c < count) return {exact[c], c};
  if (c > count) return {copies[c - count - 1], count};
  weigh(mixture, k, Any(), team);
  team.sync();  // each member picks from all weights
  const double a = low <= 0 ? -INFINITY : (log(double(low) + 0.5) - values.centre) / values.scale;
  const double b = high < 0 ? INFINITY : (log(double(high) + 1.5) - values.centre) / values.scale;
  for (int from = 1;; from += team.size) {
    const int attempt = from + team.rank();
    const Draws d = attempt == 1 ? draws : draws.again(attempt);
    const int m = pick(mixture, k, d.uniform(1));
    const double mean = mixture[k + m], sd = exp(double(mixture[2 * k + m]));
    const double y = draw_normal(mean, sd, a, b, d.uniform(2)) * values.scale + values.centre;
    int64_t v = int64_t(exp(fmin(y, 43.0)) - 0.5);
    if (v < low) v = low;
    if (high >= 0 && v > high) v = high;
    const int atom = atom_of(values, v);
    const int found = team.first((atom == count && place_in(copies, n, v) == n && d.uniform(3) * Lean::kMost <= expf(lean(v))) || attempt == kAttempts);
    if (found < team.size) return {team.of(v, found), team.of(atom, found)};
  }
}

}  // namespace stan
