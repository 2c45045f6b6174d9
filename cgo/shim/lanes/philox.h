// Philox 4x32-10, the counter-based generator of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
#pragma once
#include "hd.h"

namespace stan {

struct Words {
  uint32_t x[4];
};

// philox returns the four random words of a counter under a key.
STAN_HD Words philox(Words counter, uint32_t key0, uint32_t key1) {
  for (int round = 0; round < 10; round++) {
    const uint64_t a = 0xD2511F53ull * counter.x[0];
    const uint64_t b = 0xCD9E8D57ull * counter.x[2];
    counter = {{uint32_t(b >> 32) ^ counter.x[1] ^ key0, uint32_t(b), uint32_t(a >> 32) ^ counter.x[3] ^ key1, uint32_t(a)}};
    key0 += 0x9E3779B9u;
    key1 += 0xBB67AE85u;
  }
  return counter;
}

// Draws are the uniform numbers of one attribute of one row of one host: the same whatever the lane, the shard, the
// thread or the GPU that computes them.
struct Draws {
  Words counter, words;
  uint32_t key0, key1;

  STAN_HD Draws(uint64_t seed, uint32_t host, uint32_t row, uint32_t attribute)
      : counter({{row, attribute, host, 0x5354414eu}}), key0(uint32_t(seed)), key1(uint32_t(seed >> 32)) {
    words = philox(counter, key0, key1);
  }

  // again returns further numbers of the same attribute, for a draw that is rejected; attempt counts from 1.
  STAN_HD Draws again(int attempt) const {
    Draws d = *this;
    d.counter.x[1] |= uint32_t(attempt) << 16;
    d.words = philox(d.counter, key0, key1);
    return d;
  }

  // uniform returns number i (0 to 3) of the draw, in (0, 1).
  STAN_HD float uniform(int i) const { return (float(words.x[i] >> 9) + 0.5f) * (1.0f / 8388608.0f); }
};

}  // namespace stan
