// The sum of several rows of a table, and its gradient, each one kernel. libtorch's backward pass sorts the indices, which takes
// a dozen kernels and, where few rows are named again and again, many times as long as adding.
#include <c10/cuda/CUDAException.h>
#include <c10/cuda/CUDAStream.h>

#include <algorithm>

#include "embedding_bag_object.h"

namespace stan {
namespace embedding_bag {

namespace {

constexpr int kWarp = 32, kWarps = 8;    // a warp takes a bag, its threads neighbouring columns
constexpr int64_t kMostBlocks = 1024;
constexpr int64_t kShared = 48 << 10;    // bytes that a block has without asking
constexpr int64_t kSharedBlocks = 264;   // two a multiprocessor: each ends by adding its whole table

__device__ int64_t row_of(const Bags &b, int64_t bag, int64_t k) {
  const int64_t i = b.index[bag * b.n + k];
  CUDA_KERNEL_ASSERT(i >= 0 && i < b.vocabulary && "index beyond the table");
  return i;
}

__global__ void sum_kernel(Bags b, const float *weight, float *out) {
  for (int64_t bag = int64_t(blockIdx.x) * kWarps + threadIdx.y; bag < b.bags; bag += int64_t(gridDim.x) * kWarps)
    for (int64_t d = threadIdx.x; d < b.width; d += kWarp) {
      float sum = 0;
      for (int64_t k = 0; k < b.n; k++) sum += weight[row_of(b, bag, k) * b.width + d];
      out[bag * b.width + d] = sum;
    }
}

__device__ void add_bags(const Bags &b, const float *grad, float *to) {
  for (int64_t bag = int64_t(blockIdx.x) * kWarps + threadIdx.y; bag < b.bags; bag += int64_t(gridDim.x) * kWarps)
    for (int64_t d = threadIdx.x; d < b.width; d += kWarp) {
      const float g = grad[bag * b.width + d];
      if (g == 0) continue;  // padding
      for (int64_t k = 0; k < b.n; k++) atomicAdd(to + row_of(b, bag, k) * b.width + d, g);
    }
}

__global__ void add_kernel(Bags b, const float *grad, float *grad_weight) { add_bags(b, grad, grad_weight); }

// A small table is summed in each block's own memory first: thousands of bags would else wait for the same few numbers.
__global__ void add_small_kernel(Bags b, const float *grad, float *grad_weight) {
  extern __shared__ float table[];
  const int thread = threadIdx.y * kWarp + threadIdx.x, size = int(b.vocabulary * b.width);
  for (int i = thread; i < size; i += kWarp * kWarps) table[i] = 0;
  __syncthreads();
  add_bags(b, grad, table);
  __syncthreads();
  for (int i = thread; i < size; i += kWarp * kWarps)
    if (table[i] != 0) atomicAdd(grad_weight + i, table[i]);
}

int64_t blocks(const Bags &b, int64_t most) { return std::min((b.bags + kWarps - 1) / kWarps, most); }

}  // namespace

void sum_cuda(const Bags &b, const float *weight, float *out) {
  if (b.bags == 0 || b.width == 0) return;
  sum_kernel<<<blocks(b, kMostBlocks), dim3(kWarp, kWarps), 0, c10::cuda::getCurrentCUDAStream()>>>(b, weight, out);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

void add_cuda(const Bags &b, const float *grad, float *grad_weight) {
  if (b.bags == 0 || b.width == 0) return;
  const auto stream = c10::cuda::getCurrentCUDAStream();
  const int64_t bytes = b.vocabulary * b.width * int64_t(sizeof(float));
  if (bytes <= kShared)
    add_small_kernel<<<blocks(b, kSharedBlocks), dim3(kWarp, kWarps), size_t(bytes), stream>>>(b, grad, grad_weight);
  else
    add_kernel<<<blocks(b, kMostBlocks), dim3(kWarp, kWarps), 0, stream>>>(b, grad, grad_weight);
  C10_CUDA_KERNEL_LAUNCH_CHECK();
}

}  // namespace embedding_bag
}  // namespace stan
