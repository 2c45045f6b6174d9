// Tests of random numbers and of the draws made of them.
#include <algorithm>
#include <cmath>

#include "lanes/draw.h"
#include "test/check.h"

using namespace stan;

namespace {

// Draws whose first three numbers are given.
Draws given(float u0, float u1, float u2) {
  Draws d(0, 0, 0, 0);
  int i = 0;
  for (float u : {u0, u1, u2}) d.words.x[i++] = uint32_t(u * 4294967296.0);
  return d;
}

// The statistic of observed counts against n * expected.
double chi_square(const std::vector<int> &observed, const std::vector<double> &expected, int n) {
  double x = 0;
  for (size_t i = 0; i < observed.size(); i++) {
    const double e = expected[i] * n;
    if (e > 0) x += (observed[i] - e) * (observed[i] - e) / e;
  }
  return x;
}

// kat_vectors of Random123 1.14.0 (Salmon et al.), philox4x32 10.
void test_philox() {
  const struct {
    Words counter;
    uint32_t key[2];
    Words want;
  } known[] = {
      {{{0, 0, 0, 0}}, {0, 0}, {{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}},
      {{{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff}},
       {0xffffffff, 0xffffffff},
       {{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}},
      {{{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}},
       {0xa4093822, 0x299f31d0},
       {{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}},
  };
  for (const auto &k : known) {
    const Words got = philox(k.counter, k.key[0], k.key[1]);
    for (int i = 0; i < 4; i++) CHECK(got.x[i] == k.want.x[i], "philox word %d: %08x, want %08x", i, got.x[i], k.want.x[i]);
  }
}

void test_uniform() {
  const Draws low = given(0, 0, 0), high = given(0.99999999f, 0.5f, 0.5f);
  CHECK(low.uniform(0) > 0, "least uniform: %g, want more than 0", low.uniform(0));
  Draws top = high;
  top.words.x[0] = 0xffffffff;
  CHECK(top.uniform(0) < 1, "greatest uniform: %.9g, want less than 1", top.uniform(0));
  // An index of n things, as the kernels compute it, must be below n for every n up to the most hosts.
  for (int n = 1; n <= 1 << 24; n++) {
    if (int(top.uniform(0) * float(n)) >= n) {
      CHECK(false, "the last of %d things has index %d", n, int(top.uniform(0) * float(n)));
      break;
    }
  }
  const Draws a(7, 1, 2, 3), b(7, 1, 2, 4), c(7, 1, 3, 3), d(7, 2, 2, 3), e(8, 1, 2, 3), f = a.again(1), g = a.again(2);
  const Draws *all[] = {&a, &b, &c, &d, &e, &f, &g};
  for (const Draws *x : all)
    for (const Draws *y : all) CHECK(x == y || x->words.x[0] != y->words.x[0], "two draws start with the same number");
}

// Source: mpmath 1.3.0 at 60 digits, findroot(log(ncdf(x)) - log(p)).
void test_normal_quantile() {
  const double known[][2] = {
      {0.5, 0},
      {0.4, -0.2533471031357998},
      {0.1, -1.2815515655446005},
      {0.025, -1.9599639845400542},
      {1e-3, -3.0902323061678135},
      {1e-6, -4.7534243088228989},
      {1e-10, -6.3613409024040562},
      {1e-20, -9.2623400897984076},
      {1e-50, -14.933337534788489},
      {1e-100, -21.273453560965324},
      {1e-200, -30.205594179579643},
      {1e-290, -36.420731673207999},
      {0.975, 1.9599639845400542},
      {0.999, 3.0902323061678135},
  };
  for (const auto &k : known) {
    const double got = normal_quantile(k[0]);
    CHECK(std::fabs(got - k[1]) < 1e-8, "quantile of %g: %.12g, want %.12g", k[0], got, k[1]);
  }
}

// Means and standard deviations of the standard normal cut to [low, high]. Source: mpmath 1.3.0, quad at 60 digits.
void test_draw_normal() {
  const struct {
    double low, high, mean, sd;
  } known[] = {
      {-1, 2, 0.229637179091, 0.720945586859},     {0.5, 0.6, 0.54954184251, 0.0288605211676},
      {-8, -1, -1.52513527616, 0.446203614475},    {3, 9, 3.28309865493, 0.265629792729},
      {30, 31, 30.0332596674, 0.0332230569309},    {30, 30.01, 30.0047503335, 0.00288026509312},
      {-31, -30, -30.0332596674, 0.0332230569309}, {37, 60, 37.0269876861, 0.0269680940906},
      {-60, -50, -50.0199840319, 0.0199760653484}, {50, 60, 50.0199840319, 0.0199760653484},
      {-1000, -900, -900.001111108, 0.00111110699592},
  };
  const double centre = 5, scale = 0.25;
  for (const auto &k : known) {
    // The mean over evenly spread u is the integral over u; its error is that of the outermost of n steps.
    const int n = 20000;
    double sum = 0, squares = 0;
    for (int i = 0; i < n; i++) {
      const double low = centre + scale * k.low, high = centre + scale * k.high;
      const double x = draw_normal(centre, scale, low, high, (i + 0.5) / n);
      CHECK(x >= low && x <= high, "a draw from [%g, %g] is %.17g", low, high, x);
      const double z = (x - centre) / scale - k.mean;
      sum += z;
      squares += z * z;
    }
    CHECK(std::fabs(sum / n) < 1e-3 * k.sd, "mean of [%g, %g]: off by %g, want at most %g", k.low, k.high, sum / n, 1e-3 * k.sd);
    const double sd = std::sqrt(squares / n);
    CHECK(std::fabs(sd / k.sd - 1) < 3e-3, "sd of [%g, %g]: %g, want %g", k.low, k.high, sd, k.sd);
  }
  for (float u : {1e-7f, 0.5f, 0.9999999f}) {
    const double x = draw_normal(0, 1, 2, 2, u);
    CHECK(x == 2, "a draw from [2, 2] is %g", x);
    const double y = draw_normal(0, 1e-3, -INFINITY, -100, u);
    CHECK(y <= -100 && y > -100.001, "a draw from below -100 sd is %g", y);
  }
}

// 1e-6 of all chi-square variables of 5 degrees of freedom exceed 35.9 (R: qchisq(1-1e-6, 5) = 35.888).
void test_draw_class() {
  const std::vector<float> logits = {1, -2, 0.5f, 100, 0, -INFINITY, -0.5f, 2};
  const auto allowed = [](int c) { return c != 3; };
  std::vector<double> p(8);
  double sum = 0;
  for (int c = 0; c < 8; c++) sum += p[c] = allowed(c) ? std::exp(double(logits[c])) : 0;
  for (double &x : p) x /= sum;
  const int n = 200000;
  std::vector<int> count(8);
  for (int i = 0; i < n; i++) {
    std::vector<float> scratch = logits;
    count[draw_class(scratch.data(), 8, Draws(1, 2, i, 3).uniform(0), allowed)]++;
  }
  CHECK(count[3] == 0, "a masked class was drawn %d times", count[3]);
  CHECK(count[5] == 0, "a class of probability 0 was drawn %d times", count[5]);
  const double x = chi_square(count, p, n);
  CHECK(x < 35.9, "chi-square of class frequencies: %g, want less than 35.9", x);
  for (float u : {1e-8f, 0.5f, 0.99999994f}) {
    std::vector<float> scratch = logits;
    CHECK(draw_class(scratch.data(), 8, u, [](int) { return false; }) == -1, "a class was drawn where none is allowed");
    scratch = {-1e9f, 3, -1e9f};
    CHECK(draw_class(scratch.data(), 3, u, Any()) == 1, "the only likely class was not drawn");
  }
  // Whatever a diverged network says, the class is one of those allowed.
  std::vector<float> odd = {NAN, INFINITY, NAN, 1, -INFINITY};
  for (size_t shift = 0; shift < odd.size(); shift++) {
    std::rotate(odd.begin(), odd.begin() + 1, odd.end());
    std::vector<float> scratch = odd;
    const int c = draw_class(scratch.data(), 5, 0.7f, [](int k) { return k == 1 || k == 2; });
    CHECK(c == 1 || c == 2 || c == -1, "class %d was drawn, want 1, 2 or none", c);
  }
}

constexpr float kCentre = 4, kScale = 1.5f;
const Values kNoAtoms = {nullptr, 0, kCentre, kScale};

void test_bins() {
  int64_t first_wide = 0;
  for (int64_t v = 0; v < 2000000; v += v < 20000 ? 1 : 997) {
    const Bin bin = kNoAtoms.bin(v), next = kNoAtoms.bin(v + 1);
    CHECK(bin.lower < bin.upper, "bin of %lld: [%g, %g]", (long long)v, bin.lower, bin.upper);
    const double width = (std::log1p(1 / (double(v) + 0.5))) / kScale;
    if (bin.rest == 0) {
      CHECK(bin.upper == next.lower || next.rest != 0, "bins of %lld and the next: %.9g and %.9g", (long long)v, bin.upper,
            next.lower);
      continue;
    }
    if (first_wide == 0) first_wide = v;
    CHECK(std::fabs(bin.upper - bin.lower - kNarrowest) < 2e-6, "widened bin of %lld has width %g", (long long)v,
          bin.upper - bin.lower);
    // A flat density times the width of the widened bin, less the rest, is that times the true width.
    const double got = std::exp(-double(bin.rest)) * kNarrowest;
    CHECK(std::fabs(got / width - 1) < 1e-5, "bin of %lld stands for the width %g, want %g", (long long)v, got, width);
  }
  CHECK(first_wide > 3000 && first_wide < 4000, "bins are wide from %lld on, want about 1/(2e-4 * 1.5)", (long long)first_wide);
  CHECK(kNoAtoms.bin(0).lower == -INFINITY, "the bin of 0 ends at %g, want no lower end", kNoAtoms.bin(0).lower);
  CHECK(std::isfinite(kNoAtoms.bin(int64_t(1) << 62).rest), "the bin of 2^62 owes %g nats", kNoAtoms.bin(int64_t(1) << 62).rest);
}

void test_draw_value() {
  // One Gaussian, no atoms: y is what draw_normal draws, and v the value whose bin holds it.
  for (float mean : {-3.0f, -2.0f, 0.0f, 2.5f})
    for (float log_sd : {-7.0f, -2.0f, 0.0f, 3.0f})
      for (int i = 0; i < 400; i++) {
        const float u = (float(i) + 0.5f) / 400;
        const Draws d = given(0.5f, 0.5f, u);
        const int64_t low = i % 3 == 0 ? 0 : 17, high = i % 2 == 0 ? -1 : 5000;
        float none = 0, mixture[3] = {0, mean, log_sd};
        const Value v = draw_value(&none, mixture, 1, kNoAtoms, low, high, d);
        CHECK(v.atom == 0, "atom %d of a table without values", v.atom);
        CHECK(v.v >= low && (high < 0 || v.v <= high), "value %lld, want %lld to %lld", (long long)v.v, (long long)low,
              (long long)high);
        const double a = low == 0 ? -INFINITY : (std::log(double(low) + 0.5) - kCentre) / kScale;
        const double b = high < 0 ? INFINITY : (std::log(double(high) + 1.5) - kCentre) / kScale;
        const double y = draw_normal(mean, std::exp(double(log_sd)), a, b, d.uniform(2));
        if (y * kScale + kCentre > 40) continue;  // v has fewer digits than y
        const Bin bin = kNoAtoms.bin(v.v);
        CHECK(y >= bin.lower - 1e-6 * std::fabs(y) - 1e-6 && y <= bin.upper + 1e-6 * std::fabs(y) + 1e-6,
              "y = %.9g became %lld, whose bin is [%.9g, %.9g]", y, (long long)v.v, bin.lower, bin.upper);
      }

  // Frequencies of atoms and mixture, 0 included, whose bin has no lower end. Values of the mixture that are atoms are
  // drawn again.
  const int64_t exact[] = {2, 5};
  const Values values = {exact, 2, 0.5f, 1};
  const float atoms[] = {0.3f, -0.5f, 1}, mixture[] = {0.2f, -0.7f, 0.3f, -0.9f, -0.4f, 0.1f};
  std::vector<double> p(10), q(10);  // q: of the mixture alone
  double kept = 0;
  for (int v = 0; v < 9; v++) {
    for (int k = 0; k < 2; k++) {
      const double weight = std::exp(double(mixture[k])) / (std::exp(double(mixture[0])) + std::exp(double(mixture[1])));
      const double sd = std::exp(double(mixture[4 + k]));
      const double upper = normal_cdf((std::log(v + 1.5) - 0.5 - mixture[2 + k]) / sd);
      const double lower = v == 0 ? 0 : normal_cdf((std::log(v + 0.5) - 0.5 - mixture[2 + k]) / sd);
      q[v] += weight * (upper - lower);
    }
    if (v == 2 || v == 5) q[v] = 0;
    kept += q[v];
  }
  const double sum = std::exp(0.3) + std::exp(-0.5) + std::exp(1.0);
  for (int v = 0; v < 9; v++) p[v] = q[v] / kept * std::exp(1.0) / sum;
  p[2] = std::exp(0.3) / sum;
  p[5] = std::exp(-0.5) / sum;
  const int n = 100000;
  std::vector<int> count(10);
  for (int i = 0; i < n; i++) {
    float a[3], m[6];
    std::copy(atoms, atoms + 3, a);
    std::copy(mixture, mixture + 6, m);
    const Value v = draw_value(a, m, 2, values, 0, 8, Draws(3, 1, i, 4));
    CHECK(v.v >= 0 && v.v <= 8, "value %lld, want 0 to 8", (long long)v.v);
    CHECK(v.atom == atom_of(values, v.v), "value %lld has atom %d", (long long)v.v, v.atom);
    count[v.v]++;
  }
  // 1e-6 of chi-square variables of 8 degrees of freedom exceed 42.8 (R: qchisq(1-1e-6, 8) = 42.701).
  const double x = chi_square(count, p, n);
  CHECK(x < 42.8, "chi-square of value frequencies: %g, want less than 42.8", x);

  // Where every value in range is an atom, an atom it is.
  const int64_t dense[] = {0, 1, 2, 3};
  float a[5] = {0, 0, 0, 0, 100}, m[3] = {0, 0, 0};
  const Value v = draw_value(a, m, 1, {dense, 4, 0, 1}, 1, 2, Draws(1, 1, 1, 1));
  CHECK((v.v == 1 || v.v == 2) && v.atom == v.v, "value %lld with atom %d, want 1 or 2 with its own", (long long)v.v, v.atom);
}

}  // namespace

void test_draws() {
  test_philox();
  test_uniform();
  test_normal_quantile();
  test_draw_normal();
  test_draw_class();
  test_bins();
  test_draw_value();
}
