// The launcher of mixture_math.h, one for each device; included by mixture.cpp and mixture.cu.
#ifndef STAN_MIXTURE_OBJECT_H
#define STAN_MIXTURE_OBJECT_H

#include <cstdint>

namespace stan {
namespace mixture {

constexpr int64_t kMaxK = 64;

// The rows of one call: K <= kMaxK values a row for the first three and the gradients, one for the others, all contiguous.
struct Rows {
  int64_t count, K;
  const float *logits, *mean, *log_sd, *lo, *hi;
  float *nll;
  float *grad_logits, *grad_mean, *grad_log_sd;  // all NULL where no gradient is wanted
};

#ifdef STAN_CUDA
// Runs on the current stream of the current device.
void launch_cuda(const Rows &rows);
#endif

}  // namespace mixture
}  // namespace stan

#endif
