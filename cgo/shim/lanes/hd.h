// One source for CPU and GPU: functions marked STAN_HD compile for both, so every line of the sampler is tested without a GPU.
#pragma once
#include <cmath>
#include <cstdint>

#ifdef __CUDACC__
#define STAN_HD __host__ __device__ inline
#else
#define STAN_HD inline
#endif
