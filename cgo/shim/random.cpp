#include "random.h"

#include <ATen/CPUGeneratorImpl.h>

#include <mutex>

#include "device.h"
#include "internal.h"

using stan::guard;
using stan::own;
using stan::ref;

namespace {

at::Generator generator(st_device d) { return at::globalContext().defaultGenerator(stan::device(d)); }

}  // namespace

char *st_rng_state(st_tensor **out, st_device device) {
  return guard([&] {
    auto g = generator(device);
    std::lock_guard<std::mutex> lock(g.mutex());
    *out = own(g.get_state());
  });
}

char *st_set_rng_state(const st_tensor *state, st_device device) {
  return guard([&] {
    auto g = generator(device);
    std::lock_guard<std::mutex> lock(g.mutex());
    g.set_state(ref(state));
  });
}

struct st_rng {
  at::Generator generator;
};

char *st_rng_new(st_rng **out) {
  return guard([&] { *out = new st_rng{at::make_generator<at::CPUGeneratorImpl>()}; });
}

char *st_rng_seed(st_rng *rng, uint64_t seed) {
  return guard([&] {
    if (rng == nullptr) throw stan::NoTensor("generator is closed");
    rng->generator.set_current_seed(seed);
  });
}

void st_rng_free(st_rng *rng) { delete rng; }

char *st_dropout(st_tensor **out, const st_tensor *a, double p, bool training, st_rng *rng) {
  return guard([&] {
    const auto &x = ref(a);
    if (rng == nullptr || !training || p == 0 || p == 1) {
      *out = own(at::dropout(x, p, training));
      return;
    }
    TORCH_CHECK(p > 0 && p < 1, "dropout probability ", p, ", want 0 to 1");
    *out = own(x * at::empty_like(x).bernoulli_(1 - p, rng->generator).div_(1 - p));
  });
}
