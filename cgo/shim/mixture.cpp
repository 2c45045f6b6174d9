#include "mixture.h"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#ifdef STAN_CUDA
#include <c10/cuda/CUDAGuard.h>
#endif

#include "internal.h"
#include "mixture_math.h"
#include "mixture_object.h"

namespace stan {
namespace mixture {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::Variable;
using torch::autograd::variable_list;

void launch_cpu(const Rows &rows) {
  constexpr int64_t kGrain = 256;  // some 0.2 ms of work
  at::parallel_for(0, rows.count, kGrain, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; i++) rows.nll[i] = row(rows, i);
  });
}

void launch(const Rows &rows, const at::Device &device) {
  if (device.is_cpu()) return launch_cpu(rows);
#ifdef STAN_CUDA
  if (device.is_cuda()) {
    const c10::cuda::CUDAGuard on(device);
    return launch_cuda(rows);
  }
#endif
  TORCH_CHECK(false, "no implementation for device ", device);
}

void check(const at::Tensor &logits, const at::Tensor &mean, const at::Tensor &log_sd, const at::Tensor &lo,
           const at::Tensor &hi) {
  TORCH_CHECK(logits.dim() == 2 && logits.size(1) >= 1 && logits.size(1) <= kMaxK, "logits of shape ", logits.sizes(),
              ", want [B, K] with K from 1 to ", kMaxK);
  TORCH_CHECK(mean.sizes() == logits.sizes() && log_sd.sizes() == logits.sizes(), "mean of shape ", mean.sizes(),
              " and log sd of shape ", log_sd.sizes(), ", want that of logits, ", logits.sizes());
  const at::IntArrayRef row = logits.sizes().slice(0, 1);
  TORCH_CHECK(lo.sizes() == row && hi.sizes() == row, "lo of shape ", lo.sizes(), " and hi of shape ", hi.sizes(),
              ", want ", row);
  for (const at::Tensor *t : {&mean, &log_sd, &lo, &hi}) {
    TORCH_CHECK(t->device() == logits.device(), "operands on different devices: ", t->device(), " and ",
                logits.device());
  }
}

struct BinNLL : torch::autograd::Function<BinNLL> {
  static Variable forward(AutogradContext *ctx, const at::Tensor &logits, const at::Tensor &mean,
                          const at::Tensor &log_sd, const at::Tensor &lo, const at::Tensor &hi, bool want_grad) {
    const auto floats = [](const at::Tensor &t) { return t.to(at::kFloat).contiguous(); };
    const at::Tensor l = floats(logits), m = floats(mean), s = floats(log_sd), from = floats(lo), to = floats(hi);
    at::Tensor nll = at::empty({l.size(0)}, l.options());
    at::Tensor gl, gm, gs;
    Rows rows{l.size(0), l.size(1), l.const_data_ptr<float>(), m.const_data_ptr<float>(), s.const_data_ptr<float>(),
              from.const_data_ptr<float>(), to.const_data_ptr<float>(), nll.data_ptr<float>(), nullptr, nullptr, nullptr};
    if (want_grad) {
      gl = at::empty_like(l);
      gm = at::empty_like(l);
      gs = at::empty_like(l);
      rows.grad_logits = gl.data_ptr<float>();
      rows.grad_mean = gm.data_ptr<float>();
      rows.grad_log_sd = gs.data_ptr<float>();
    }
    launch(rows, l.device());
    if (want_grad) {
      ctx->save_for_backward({gl, gm, gs});
      ctx->saved_data["types"] = std::vector<int64_t>{int64_t(logits.scalar_type()), int64_t(mean.scalar_type()),
                                                      int64_t(log_sd.scalar_type())};
    }
    return nll;
  }

  static variable_list backward(AutogradContext *ctx, const variable_list &grads) {
    TORCH_CHECK(!at::GradMode::is_enabled(), "the mixture likelihood has no second derivative");
    const variable_list saved = ctx->get_saved_variables();
    const auto types = ctx->saved_data["types"].toIntVector();
    const at::Tensor scale = grads[0].unsqueeze(1);
    variable_list result(6);  // one for each argument of forward
    for (size_t i = 0; i < saved.size(); i++) {
      if (ctx->needs_input_grad(i)) result[i] = (saved[i] * scale).to(static_cast<at::ScalarType>(types[i]));
    }
    return result;
  }
};

}  // namespace
}  // namespace mixture
}  // namespace stan

char *st_mixture_bin_nll(st_tensor **out, const st_tensor *logits, const st_tensor *mean, const st_tensor *log_sd,
                         const st_tensor *lo, const st_tensor *hi) {
  return stan::guard([&] {
    const at::Tensor &l = stan::ref(logits), &m = stan::ref(mean), &s = stan::ref(log_sd), &from = stan::ref(lo),
                     &to = stan::ref(hi);
    stan::mixture::check(l, m, s, from, to);
    const bool want_grad =
        at::GradMode::is_enabled() && (l.requires_grad() || m.requires_grad() || s.requires_grad());
    *out = stan::own(stan::mixture::BinNLL::apply(l, m, s, from, to, want_grad));
  });
}
