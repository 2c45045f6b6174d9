// A team does the work of one lane: one thread on the CPU, the threads of a warp on a GPU. The same code runs on either.
//
// All members run a function together and come to the same results, so they take the same branches around whatever joins
// them. A loop over classes gives class c to member c % size, which alone touches its logit. What changes the lane is done
// by one of them, between two syncs: see alone.
#pragma once
#include "hd.h"

namespace stan {

// Single is one thread.
struct Single {
  static constexpr int size = 1;
  STAN_HD int rank() const { return 0; }
  STAN_HD void sync() const {}
  template <class T>
  STAN_HD T of(T x, int) const {
    return x;
  }
  STAN_HD uint32_t votes(bool yes) const { return yes; }
};

#ifdef __CUDACC__
// Warp is the 32 threads of a warp, all of which take part in every call. Blocks have one dimension.
struct Warp {
  static constexpr int size = 32;
#ifdef __CUDA_ARCH__
  static constexpr unsigned kAll = 0xffffffffu;
  __device__ int rank() const { return int(threadIdx.x) % size; }
  __device__ void sync() const { __syncwarp(kAll); }
  template <class T>
  __device__ T of(T x, int rank) const {
    return __shfl_sync(kAll, x, rank);
  }
  __device__ uint32_t votes(bool yes) const { return __ballot_sync(kAll, yes); }
#else  // the compiler's pass for the host sees the calls as well, and makes none
  __host__ __device__ int rank() const { return 0; }
  __host__ __device__ void sync() const {}
  template <class T>
  __host__ __device__ T of(T x, int) const {
    return x;
  }
  __host__ __device__ uint32_t votes(bool yes) const { return yes; }
#endif
};
#endif

STAN_HD int lowest_bit(uint32_t x) {
#ifdef __CUDA_ARCH__
  return __ffs(int(x)) - 1;
#else
  return __builtin_ctz(x);
#endif
}

STAN_HD int highest_bit(uint32_t x) {
#ifdef __CUDA_ARCH__
  return 31 - __clz(int(x));
#else
  return 31 - __builtin_clz(x);
#endif
}

// Members have a size, a power of two up to 32, and each a rank; sync waits for all and shows each what the others wrote;
// of(x, r) is the x of member r modulo size; votes has a bit for each member that says yes.
template <class Members>
struct Team : Members {
  using Members::of;
  using Members::rank;
  using Members::size;
  using Members::votes;

  STAN_HD float max(float x) const {
    for (int m = size / 2; m > 0; m /= 2) {
      const float y = of(x, rank() ^ m);
      if (y > x) x = y;
    }
    return x;
  }

  template <class T>
  STAN_HD T sum(T x) const {
    for (int m = size / 2; m > 0; m /= 2) x += of(x, rank() ^ m);
    return x;
  }

  // upto is the sum over the members up to the own one.
  template <class T>
  STAN_HD T upto(T x) const {
    for (int m = 1; m < size; m *= 2) {
      const T y = of(x, rank() - m + size);
      if (rank() >= m) x += y;
    }
    return x;
  }

  // first and last are ranks of members that say yes; size and -1 where none does.
  STAN_HD int first(bool yes) const {
    const uint32_t v = votes(yes);
    return v ? lowest_bit(v) : size;
  }
  STAN_HD int last(bool yes) const {
    const uint32_t v = votes(yes);
    return v ? highest_bit(v) : -1;
  }

  // search returns the first of n things that yes(i) holds for; n if it holds for none. Each member asks for its own ones.
  template <class Yes>
  STAN_HD int search(int n, Yes yes) const {
    for (int from = 0; from < n; from += size) {
      const int i = from + rank(), found = first(i < n && yes(i));
      if (found < size) return from + found;
    }
    return n;
  }

  // alone has one member run f, after all have read what they need and before any reads what f writes.
  template <class F>
  STAN_HD void alone(F f) const {
    this->sync();
    if (rank() == 0) f();
    this->sync();
  }
};

}  // namespace stan
