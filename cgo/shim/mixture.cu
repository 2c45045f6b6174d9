// One thread a row: K is about 10, so a row's values are a cache line or two.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "mixture_math.h"
#include "mixture_object.h"

namespace stan {
namespace mixture {
namespace {

__global__ void rows_kernel(Rows r) {
  const int64_t i = int64_t(blockIdx.x) * blockDim.x + threadIdx.x;
  if (i < r.count) r.nll[i] = row(r, i);
}

}  // namespace

void launch_cuda(const Rows &rows) {
  if (rows.count == 0) return;
  constexpr int64_t kThreads = 128;
  rows_kernel<<<(rows.count + kThreads - 1) / kThreads, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(rows);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace mixture
}  // namespace stan
