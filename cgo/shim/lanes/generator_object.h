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

template <class M = Single>
STAN_HD void run_step(const Generator &g, int lane, const Step &s, const Team<M> &team = {}) {
  const At<M> at(g, lane, team);
  if (s.head < 0) return begin(at);
  if (s.head == kHeads) return finish(at);
  draw(at, s.head, s.logits, s.classes, s.mixture, s.k);
}

#ifdef STAN_CUDA
void launch_cuda(const Generator &g, const Step &s);
#endif

}  // namespace stan
