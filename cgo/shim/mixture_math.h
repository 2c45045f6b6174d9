// One row of the binned mixture likelihood and its gradients, for the host and the device.
//
//   nll = -log sum_k softmax(logits)_k * (Phi((hi - mean_k) / sd_k) - Phi((lo - mean_k) / sd_k)),  sd_k = exp(log_sd_k)
//
// The probability of one component is kept as exp(-quad) * factor with 0 <= quad, so that it neither underflows in the
// tails nor loses digits where two distribution values are nearly equal. float32 throughout.
#ifndef STAN_MIXTURE_MATH_H
#define STAN_MIXTURE_MATH_H

#include "lanes/hd.h"
#include "mixture_object.h"

namespace stan {
namespace mixture {

constexpr float kInvSqrt2Pi = 0.39894228040143268f;

// Mills' ratio R(x) = (1 - Phi(x)) / phi(x) for 0 <= x <= inf, relative error below 2e-7: t times a polynomial in
// t = 4 / (4 + x), fitted by scripts/fit_mills_ratio.py.
STAN_HD float mills(float x) {
  const float t = 4.0f / (4.0f + x);
  float p = 0.0521751878f;
  p = p * t - 0.2140390581f;
  p = p * t + 0.2601851511f;
  p = p * t - 0.09963061155f;
  p = p * t + 0.1711375281f;
  p = p * t + 0.1439964152f;
  p = p * t + 0.2052668664f;
  p = p * t + 0.2342181295f;
  p = p * t + 0.2500045788f;
  p = p * t + 0.2499999773f;
  return p * t;
}

// The probability of a bin [a, b] under the standard normal: exp(-quad) * factor. slope is (phi(a) - phi(b)) / probability,
// the derivative of its log by a shift of the normal; spread is (a phi(a) - b phi(b)) / probability, that by its log sd.
struct Bin {
  float quad, factor, slope, spread;
};

// width is b - a, given apart because the caller knows it to more digits.
STAN_HD Bin standard_bin(float a, float b, float width) {
  const bool mirror = a + b < 0.0f;
  if (mirror) {
    const float negated = -a;
    a = -b;
    b = negated;
  }
  // Now |a| <= b. mid >= 0, and NaN for the whole line.
  const float mid = 0.5f * (a + b);
  Bin bin;
  if (width * (mid > 1.0f ? mid : 1.0f) < 0.5f) {
    // Narrow: phi(mid) times the integral of exp(-mid u - u^2 / 2) over |u| <= h, as a series in z = mid h and h. The
    // terms left out are below 1e-8 for z, h <= 1/4.
    const float h = 0.5f * width;
    const float z2 = mid * h * mid * h;
    const float h2 = h * h;
    const float mass = 1.0f + z2 * (1.0f / 6 + z2 * (1.0f / 120 + z2 * (1.0f / 5040))) -
                       0.5f * h2 * (1.0f / 3 + z2 * (1.0f / 10 + z2 * (1.0f / 168))) +
                       0.125f * h2 * h2 * (1.0f / 5 + z2 * (1.0f / 14) - h2 * (1.0f / 42));
    const float edge = (1.0f - 0.5f * h2 * (1.0f - 0.25f * h2 * (1.0f - h2 * (1.0f / 6)))) / mass;
    const float sinhc = 1.0f + z2 * (1.0f / 6 + z2 * (1.0f / 120 + z2 * (1.0f / 5040)));
    const float cosh = 1.0f + z2 * (0.5f + z2 * (1.0f / 24 + z2 * (1.0f / 720)));
    bin.quad = 0.5f * mid * mid;
    bin.factor = kInvSqrt2Pi * width * mass;
    bin.slope = mid * edge * sinhc;
    bin.spread = edge * (mid * mid * sinhc - cosh);
  } else if (a >= 0.0f) {
    // One tail: Q(a) - Q(b) = phi(a) * (R(a) - ratio R(b)) with ratio = phi(b) / phi(a).
    const float ratio = std::exp(-width * mid);
    const float rest = mills(a) - ratio * mills(b);
    bin.quad = 0.5f * a * a;
    bin.factor = kInvSqrt2Pi * rest;
    bin.slope = (1.0f - ratio) / rest;
    bin.spread = (a - (ratio > 0.0f ? b * ratio : 0.0f)) / rest;
  } else {
    // Both sides of the middle: 1 - Q(-a) - Q(b).
    const float pa = kInvSqrt2Pi * std::exp(-0.5f * a * a);
    const float pb = kInvSqrt2Pi * std::exp(-0.5f * b * b);
    bin.quad = 0.0f;
    bin.factor = 1.0f - pa * mills(-a) - pb * mills(b);
    bin.slope = (pa - pb) / bin.factor;
    bin.spread = ((pa > 0.0f ? a * pa : 0.0f) - (pb > 0.0f ? b * pb : 0.0f)) / bin.factor;
  }
  if (mirror) bin.slope = -bin.slope;
  return bin;
}

// Returns the nll of row i, and writes its gradients where they are wanted.
STAN_HD float row(const Rows &rows, int64_t i) {
  const int K = int(rows.K);
  const int64_t at = i * rows.K;
  const float *logits = rows.logits + at, *mean = rows.mean + at, *log_sd = rows.log_sd + at;
  const float lo = rows.lo[i], hi = rows.hi[i];

  // The largest is subtracted before each exp, so that large logits lose no digits. Comparisons pass over NaN, but the
  // sums do not.
  float top = -INFINITY;
  for (int k = 0; k < K; k++) top = logits[k] > top ? logits[k] : top;
  float prior[kMaxK], joint[kMaxK], slope[kMaxK], spread[kMaxK];
  float prior_sum = 0.0f, joint_sum = 0.0f, peak = -INFINITY;
  for (int k = 0; k < K; k++) {
    float inv_sd = std::exp(-log_sd[k]);
    inv_sd = inv_sd > 3e38f ? 3e38f : inv_sd;  // infinity times a distance of 0 would be NaN
    const Bin bin = standard_bin((lo - mean[k]) * inv_sd, (hi - mean[k]) * inv_sd, (hi - lo) * inv_sd);
    joint[k] = logits[k] - top + (std::log(bin.factor) - bin.quad);
    peak = joint[k] > peak ? joint[k] : peak;
    slope[k] = bin.slope * inv_sd;
    spread[k] = bin.spread;
    prior[k] = std::exp(logits[k] - top);
    prior_sum += prior[k];
  }
  if (peak == -INFINITY) peak = 0.0f;  // a bin without any probability
  for (int k = 0; k < K; k++) {
    joint[k] = std::exp(joint[k] - peak);
    joint_sum += joint[k];
  }
  if (rows.grad_logits != nullptr) {
    for (int k = 0; k < K; k++) {
      const float share = joint[k] / joint_sum;  // of component k in this bin
      rows.grad_logits[at + k] = prior[k] / prior_sum - share;
      rows.grad_mean[at + k] = -share * slope[k];
      rows.grad_log_sd[at + k] = -share * spread[k];
    }
  }
  return std::log(prior_sum / joint_sum) - peak;
}

}  // namespace mixture
}  // namespace stan

#endif
