// The CUDA launcher of the generator's kernels: one thread a lane, on the current stream, so that a graph can capture it.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "lanes/generator_object.h"

namespace stan {

namespace {

__global__ void step_kernel(Generator g, Step s) {
  const int lane = blockIdx.x * blockDim.x + threadIdx.x;
  if (lane < g.width) run_step(g, lane, s);
}

}  // namespace

void launch_cuda(const Generator &g, const Step &s) {
  constexpr int kThreads = 64;
  step_kernel<<<(g.width + kThreads - 1) / kThreads, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(g, s);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace stan
