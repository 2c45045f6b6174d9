// Runs the tests of the headers of lanes/, which need no libtorch: make -C cgo/shim VARIANT=cpu|asan test.
#include "test/check.h"

int failures = 0;

int main() {
  test_draws();
  test_lane();
  test_generator();
  test_teams();
  if (failures > 0) {
    std::fprintf(stderr, "lanes_test: %d checks failed\n", failures);
    return 1;
  }
  std::puts("lanes_test: ok");
  return 0;
}
