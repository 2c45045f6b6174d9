// The CUDA launcher of the generator's kernels: one warp a lane, on the current stream, so that a graph can capture it.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include "lanes/generator_object.h"

namespace stan {

namespace {

constexpr int kLanes = 4;  // of a block
constexpr int kThreads = kLanes * Warp::size;
constexpr int kBlocks = 8;  // of a multiprocessor at a time: all of 4096 lanes on the 132 of an H100

// Each head has a kernel, which takes the registers that it needs and no other's.
template <int kHead>
__global__ void __launch_bounds__(kThreads, kBlocks) step_kernel(const __grid_constant__ Generator g, const __grid_constant__ Step s) {
  const int lane = int(blockIdx.x) * kLanes + int(threadIdx.x) / Warp::size;
  if (lane < g.width) run_step(At<Warp>(g, lane), Known<kHead>(), s);
}

template <int kHead>
void launch(const Generator &g, const Step &s) {
  if constexpr (kHead < kHeads)
    if (s.head > kHead) return launch<kHead + 1>(g, s);
  step_kernel<kHead><<<(g.width + kLanes - 1) / kLanes, kThreads, 0, c10::cuda::getCurrentCUDAStream()>>>(g, s);
}

}  // namespace

void launch_cuda(const Generator &g, const Step &s) {
  launch<-1>(g, s);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace stan
