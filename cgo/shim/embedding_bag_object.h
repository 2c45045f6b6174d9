// The launchers of embedding_bag.cu; included by embedding_bag.cpp and embedding_bag.cu.
#ifndef STAN_EMBEDDING_BAG_OBJECT_H
#define STAN_EMBEDDING_BAG_OBJECT_H

#include <cstdint>

namespace stan {
namespace embedding_bag {

// bags rows of n indices into a table of vocabulary rows of width numbers, all contiguous.
struct Bags {
  const int64_t *index;  // [bags, n]
  int64_t bags, n, vocabulary, width;
};

#ifdef STAN_CUDA
// Both run on the current stream of the current device.
void sum_cuda(const Bags &b, const float *weight, float *out);          // out [bags, width]
void add_cuda(const Bags &b, const float *grad, float *grad_weight);    // grad [bags, width], grad_weight is zeros
#endif

}  // namespace embedding_bag
}  // namespace stan

#endif
