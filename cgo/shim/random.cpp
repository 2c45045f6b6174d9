#include "random.h"

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
