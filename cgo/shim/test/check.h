// What the tests of lanes/ share: checks that go on after a failure, and random numbers.
#pragma once
#include <cstdio>
#include <vector>

#include "lanes/philox.h"

extern int failures;

#define CHECK(condition, ...)                                              \
  do {                                                                     \
    if (!(condition)) {                                                    \
      failures++;                                                          \
      std::fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);                 \
      std::fprintf(stderr, __VA_ARGS__);                                   \
      std::fprintf(stderr, "\n");                                          \
    }                                                                      \
  } while (0)

// The tests of each file.
void test_draws();
void test_lane();
void test_generator();
void test_teams();

// Random numbers of the tests: those of the code under test, which has the known answers.
struct Random {
  uint32_t seed, n = 0;
  stan::Words words{};

  uint32_t next() {
    if (n % 4 == 0) words = stan::philox({{n / 4, 1, 2, 3}}, seed, 0);
    return words.x[n++ % 4];
  }
  int below(int most) { return int(next() % uint32_t(most)); }
  float uniform() { return (float(next() >> 9) + 0.5f) / 8388608.0f; }
};
