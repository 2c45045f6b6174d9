// The handle behind st_generator; each device has its own launcher.
#pragma once
#include "generator.h"
#include "tables_object.h"

struct st_generator {
  stan::Generator g;
  at::Device device = at::kCPU;
  at::Tensor slots, plans, hosts, rows, row_hosts;
  std::vector<at::Tensor> tensors;
};

namespace stan {

// Step tells a launcher what each lane is to do.
struct Step {
  int head;  // -1 begin, kHeads finish
  float *logits;
  int classes;
  float *mixture;
  int k;
};

// run_step does a step at a lane; head is the step's, an int or a Known.
template <class M, class H>
STAN_HD void run_step(const At<M> &at, H head, const Step &s) {
  if (int(head) < 0) return begin(at);
  if (int(head) == kHeads) return finish(at);
  draw(at, head, s.logits, s.classes, s.mixture, s.k);
}

#ifdef STAN_CUDA
void launch_cuda(const Generator &g, const Step &s);
#endif

}  // namespace stan
