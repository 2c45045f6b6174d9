#include "runtime.h"

#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <torch/version.h>

#include <atomic>

#include "internal.h"

// Of torch/csrc/inductor/aoti_torch/c/shim.h, libtorch's C interface.
extern "C" uint64_t aoti_torch_abi_version();

namespace stan {
namespace {

// OpenMP keeps its thread count per calling thread, and Go calls from many: a count set on one would not hold on the
// others. So the wanted count is global, and a thread that has not yet applied it does so on its next call.
std::atomic<int32_t> wanted{0};
thread_local int32_t wanted_here = 0, applied = 0;

}  // namespace

void enter_thread() {
  static const int32_t own = at::get_num_threads();  // libtorch's, where nobody wants another
  const int32_t all = wanted.load(std::memory_order_relaxed);
  const int32_t n = wanted_here > 0 ? wanted_here : all > 0 ? all : own;
  if (n == applied) return;
  at::internal::lazy_init_num_threads();  // or the thread's first parallel operation takes what another thread has set last
  at::get_num_threads();                  // which libtorch's own copy of that does
  at::set_num_threads(n);
  applied = n;
}

}  // namespace stan

char *st_set_num_threads(int32_t n) {
  return stan::guard([&] {
    TORCH_CHECK(n >= 1, "thread count ", n, ", want at least 1");
    stan::wanted.store(n);
    stan::enter_thread();
  });
}

char *st_set_num_threads_here(int32_t n) {
  return stan::guard([&] {
    TORCH_CHECK(n >= 0, "thread count ", n, ", want at least 1, or 0 for that of the others");
    stan::wanted_here = n;
    stan::enter_thread();
  });
}

int32_t st_num_threads(void) {
  stan::enter_thread();
  return at::get_num_threads();
}

char *st_set_deterministic(bool on) {
  return stan::guard([&] { at::globalContext().setDeterministicAlgorithms(on, false); });
}

const char *st_torch_version(void) { return TORCH_VERSION; }

uint64_t st_torch_loaded_version(void) { return aoti_torch_abi_version(); }
