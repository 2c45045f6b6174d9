#include "autograd.h"

#include <ATen/autocast_mode.h>
#include <torch/csrc/autograd/autograd.h>

#include "device.h"
#include "internal.h"

using stan::guard;
using stan::own;
using stan::ref;

char *st_backward(const st_tensor *t, const st_tensor *grad, bool retain_graph) {
  return guard([&] {
    const auto &x = ref(t);
    if (grad == nullptr) {
      TORCH_CHECK(x.numel() == 1, "gradient of a tensor of shape ", x.sizes(), ", want one element");
      x.backward({}, retain_graph);
    } else {
      x.backward(ref(grad), retain_graph);
    }
  });
}

char *st_gradients(st_tensor **outs, const st_tensor *t, st_tensor *const *inputs, int64_t n, bool create_graph) {
  return guard([&] {
    const auto &x = ref(t);
    TORCH_CHECK(x.numel() == 1, "gradient of a tensor of shape ", x.sizes(), ", want one element");
    const auto grads = torch::autograd::grad({x}, stan::list(inputs, n), {}, /*retain_graph=*/create_graph, create_graph,
                                             /*allow_unused=*/true);
    for (int64_t i = 0; i < n; i++) outs[i] = grads[i].defined() ? own(grads[i]) : nullptr;
  });
}

char *st_grad(st_tensor **out, const st_tensor *t) {
  return guard([&] {
    const auto &g = ref(t).grad();
    *out = g.defined() ? own(g) : nullptr;
  });
}

char *st_set_requires_grad(st_tensor *t, bool on) {
  return guard([&] { ref(t).requires_grad_(on); });
}

char *st_zero_grad(st_tensor *const *ts, int64_t n, bool to_none) {
  return guard([&] {
    for (int64_t i = 0; i < n; i++) {
      if (ts[i] == nullptr) continue;
      auto &g = ref(ts[i]).mutable_grad();
      if (!g.defined()) continue;
      if (to_none) {
        g.reset();
      } else {
        g.detach_();
        g.zero_();
      }
    }
  });
}

char *st_sum_gradients(st_tensor *const *ts, int64_t n, st_tensor *const *grads, int64_t terms) {
  return guard([&] {
    at::NoGradGuard no_grad;
    for (int64_t i = 0; i < n; i++) {
      at::Tensor sum;
      bool own = false;  // the sum is no tensor that was given
      for (int64_t k = 0; k < terms; k++) {
        if (grads[k * n + i] == nullptr) continue;
        const auto &g = ref(grads[k * n + i]);
        TORCH_CHECK(g.sizes() == ref(ts[i]).sizes(), "gradient of shape ", g.sizes(), ", want ", ref(ts[i]).sizes());
        if (!sum.defined()) {
          sum = g;
        } else if (!own) {
          sum = sum + g;
          own = true;
        } else {
          sum += g;
        }
      }
      if (sum.defined() && !own) sum = sum.clone();
      ref(ts[i]).mutable_grad() = sum;
    }
  });
}

bool st_grad_enabled(void) { return c10::GradMode::is_enabled(); }

void st_set_grad_enabled(bool on) { c10::GradMode::set_enabled(on); }

char *st_autocast(st_device device, bool on, int8_t dtype, bool *was_on, int8_t *was_dtype) {
  return guard([&] {
    const auto type = stan::device(device).type();
    *was_on = at::autocast::is_autocast_enabled(type);
    *was_dtype = static_cast<int8_t>(at::autocast::get_autocast_dtype(type));
    at::autocast::set_autocast_dtype(type, static_cast<at::ScalarType>(dtype));
    at::autocast::set_autocast_enabled(type, on);
  });
}

char *st_allow_tf32(bool on, bool *was_on) {
  return guard([&] {
    *was_on = at::globalContext().allowTF32CuBLAS();  // refuses where the environment has set half of it
    at::globalContext().setAllowTF32CuBLAS(on);
  });
}

void st_autocast_clear(void) { at::autocast::clear_cache(); }

char *st_clip_grad_norm(st_tensor **out, st_tensor *const *ts, int64_t n, double max_norm) {
  return guard([&] {
    at::NoGradGuard no_grad;
    std::vector<at::Tensor> grads;
    for (int64_t i = 0; i < n; i++) {
      const auto &g = ref(ts[i]).grad();
      if (g.defined()) grads.push_back(g);
    }
    if (grads.empty()) {
      *out = own(at::zeros({}));
      return;
    }
    auto norm = at::linalg_vector_norm(at::stack(at::_foreach_norm(grads)), 2);
    if (max_norm > 0) {
      at::_foreach_mul_(grads, at::clamp_max(max_norm / (norm + 1e-6), 1));
    }
    *out = own(norm);
  });
}
