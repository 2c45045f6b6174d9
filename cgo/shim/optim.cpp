#include "optim.h"

#include <array>
#include <map>
#include <tuple>

#include "internal.h"

using stan::guard;
using stan::list;
using stan::own;
using stan::ref;

namespace {

struct Parameter {
  at::Tensor value;
  double weight_decay;
  std::array<at::Tensor, 2> slot;
  at::Tensor step;  // float32 scalar on the parameter's device, as the fused kernels want it
};

// The arguments of one fused call: parameters of one device, type and weight decay.
struct Batch {
  std::vector<at::Tensor> values, grads, slot0, slot1, steps;
};

at::Tensor step_tensor(const at::Tensor &value, double step) {
  return at::full({}, step, value.options().dtype(at::kFloat).requires_grad(false));
}

}  // namespace

struct st_optimizer {
  st_optimizer_options options;
  std::vector<Parameter> parameters;
  std::map<int, at::Tensor> rates;  // AdamW's learning rate on each CUDA device, where a recorded step reads it

  int64_t slots() const {
    if (options.kind != ST_OPTIMIZER_SGD) return 2;
    return options.momentum != 0 ? 1 : 0;
  }

  Parameter &at(int64_t i) {
    TORCH_CHECK(i >= 0 && i < static_cast<int64_t>(parameters.size()), "parameter index ", i, " out of range");
    return parameters[i];
  }
};

namespace {

st_optimizer &optimizer(const st_optimizer *o) {
  if (o == nullptr) throw stan::NoTensor("optimizer is closed");
  return *const_cast<st_optimizer *>(o);
}

// Makes the state that p lacks. A first SGD step takes the gradient as momentum, whatever is in the slot.
void prepare(const st_optimizer &o, Parameter &p) {
  for (int64_t s = 0; s < o.slots(); s++) {
    auto &slot = p.slot[s];
    if (!slot.defined()) slot = at::zeros_like(p.value, p.value.options().requires_grad(false));
    TORCH_CHECK(slot.sizes() == p.value.sizes() && slot.device() == p.value.device() && slot.dtype() == p.value.dtype(),
                "parameter of shape ", p.value.sizes(), " on ", p.value.device(),
                " has changed shape, type or device since its first step");
  }
  if (!p.step.defined()) p.step = step_tensor(p.value, 0);
}

// The fused kernels walk memory, so all operands must be laid out like the state: row-major.
at::Tensor gradient(const Parameter &p, const at::Tensor &grad) {
  TORCH_CHECK(p.value.is_contiguous(), "parameter of shape ", p.value.sizes(), " is not contiguous");
  return grad.contiguous();
}

// rate returns the learning rate on the device of x.
const at::Tensor &rate(st_optimizer &o, const at::Tensor &x) {
  auto &r = o.rates[x.device().index()];
  if (!r.defined()) r = step_tensor(x, o.options.lr);
  return r;
}

void run(st_optimizer &opt, double weight_decay, bool first, Batch &b) {
  const auto &o = opt.options;
  switch (o.kind) {
    case ST_OPTIMIZER_SGD:
      at::_fused_sgd_(b.values, b.grads, b.slot0, weight_decay, o.momentum, o.lr, o.dampening, o.nesterov,
                      /*maximize=*/false, first);
      return;
    case ST_OPTIMIZER_ADAM:
      at::_fused_adam_(b.values, b.grads, b.slot0, b.slot1, {}, b.steps, o.lr, o.beta1, o.beta2, weight_decay, o.eps,
                       /*amsgrad=*/false, /*maximize=*/false);
      return;
    case ST_OPTIMIZER_ADAMW:
      if (b.values[0].is_cuda()) {
        at::_fused_adamw_(b.values, b.grads, b.slot0, b.slot1, {}, b.steps, rate(opt, b.values[0]), o.beta1, o.beta2, weight_decay,
                          o.eps, /*amsgrad=*/false, /*maximize=*/false);
        return;
      }
      at::_fused_adamw_(b.values, b.grads, b.slot0, b.slot1, {}, b.steps, o.lr, o.beta1, o.beta2, weight_decay, o.eps,
                        /*amsgrad=*/false, /*maximize=*/false);
      return;
  }
}

void step(st_optimizer &o) {
  at::NoGradGuard no_grad;
  // device, type, weight decay, first step; a map, so that the order of the calls is the same in every run.
  std::map<std::tuple<at::DeviceType, int, at::ScalarType, double, bool>, Batch> batches;
  for (auto &p : o.parameters) {
    const auto &grad = p.value.grad();
    if (!grad.defined()) continue;
    const bool first = o.options.kind == ST_OPTIMIZER_SGD && o.slots() > 0 && !p.slot[0].defined();
    prepare(o, p);
    const auto device = p.value.device();
    auto &b = batches[{device.type(), device.index(), p.value.scalar_type(), p.weight_decay, first}];
    b.values.push_back(p.value);
    b.grads.push_back(gradient(p, grad));
    if (o.slots() > 0) b.slot0.push_back(p.slot[0]);
    if (o.slots() > 1) b.slot1.push_back(p.slot[1]);
    b.steps.push_back(p.step);
  }
  for (auto &[key, b] : batches) {
    at::_foreach_add_(b.steps, 1);
    run(o, std::get<3>(key), std::get<4>(key), b);
  }
}

}  // namespace

char *st_optimizer_new(st_optimizer **out, const st_optimizer_options *options) {
  return guard([&] {
    const auto &o = *options;
    TORCH_CHECK(o.lr >= 0, "learning rate ", o.lr, ", want at least 0");
    if (o.kind == ST_OPTIMIZER_SGD) {
      TORCH_CHECK(!o.nesterov || (o.momentum > 0 && o.dampening == 0), "nesterov with momentum ", o.momentum,
                  " and dampening ", o.dampening, ", want a momentum above 0 and no dampening");
    } else {
      TORCH_CHECK(o.beta1 >= 0 && o.beta1 < 1 && o.beta2 >= 0 && o.beta2 < 1, "betas ", o.beta1, " and ", o.beta2,
                  ", want at least 0 and below 1");
      TORCH_CHECK(o.eps >= 0, "eps ", o.eps, ", want at least 0");
    }
    *out = new st_optimizer{o, {}, {}};
  });
}

void st_optimizer_free(st_optimizer *o) { delete o; }

char *st_optimizer_add(st_optimizer *o, st_tensor *const *ts, int64_t n, double weight_decay) {
  return guard([&] {
    TORCH_CHECK(weight_decay >= 0, "weight decay ", weight_decay, ", want at least 0");
    auto &opt = optimizer(o);
    for (auto &t : list(ts, n)) opt.parameters.push_back({std::move(t), weight_decay, {}, {}});
  });
}

char *st_optimizer_step(st_optimizer *o) {
  return guard([&] { step(optimizer(o)); });
}

char *st_optimizer_zero_grad(st_optimizer *o) {
  return guard([&] {
    for (auto &p : optimizer(o).parameters) p.value.mutable_grad().reset();
  });
}

char *st_optimizer_set_lr(st_optimizer *o, double lr) {
  return guard([&] {
    TORCH_CHECK(lr >= 0, "learning rate ", lr, ", want at least 0");
    optimizer(o).options.lr = lr;
    for (auto &[device, r] : optimizer(o).rates) r.fill_(lr);
  });
}

char *st_optimizer_lr(const st_optimizer *o, double *lr) {
  return guard([&] { *lr = optimizer(o).options.lr; });
}

char *st_optimizer_count(const st_optimizer *o, int64_t *parameters, int64_t *slots) {
  return guard([&] {
    *parameters = static_cast<int64_t>(optimizer(o).parameters.size());
    *slots = optimizer(o).slots();
  });
}

char *st_optimizer_parameter(const st_optimizer *o, int64_t i, st_tensor **out) {
  return guard([&] { *out = own(optimizer(o).at(i).value); });
}

char *st_optimizer_state(const st_optimizer *o, int64_t slot, int64_t i, st_tensor **out) {
  return guard([&] {
    auto &opt = optimizer(o);
    TORCH_CHECK(slot >= 0 && slot < opt.slots(), "state slot ", slot, " out of range");
    const auto &t = opt.at(i).slot[slot];
    *out = t.defined() ? own(t.clone()) : nullptr;
  });
}

char *st_optimizer_steps(const st_optimizer *o, double *steps, int64_t n) {
  return guard([&] {
    auto &opt = optimizer(o);
    for (int64_t i = 0; i < n; i++) {
      const auto &t = opt.at(i).step;
      steps[i] = t.defined() ? t.item<double>() : 0;
    }
  });
}

char *st_optimizer_set_state(st_optimizer *o, int64_t slot, int64_t i, const st_tensor *t) {
  return guard([&] {
    auto &opt = optimizer(o);
    TORCH_CHECK(slot >= 0 && slot < opt.slots(), "state slot ", slot, " out of range");
    auto &p = opt.at(i);
    if (t == nullptr) {
      p.slot[slot].reset();
      return;
    }
    const auto &x = ref(t);
    TORCH_CHECK(x.sizes() == p.value.sizes(), "state of parameter ", i, " has shape ", x.sizes(), ", want ",
                p.value.sizes());
    p.slot[slot] = at::empty_like(p.value, p.value.options().requires_grad(false)).copy_(x.detach());
  });
}

char *st_optimizer_set_steps(st_optimizer *o, const double *steps, int64_t n) {
  return guard([&] {
    auto &opt = optimizer(o);
    for (int64_t i = 0; i < n; i++) {
      auto &p = opt.at(i);
      p.step = step_tensor(p.value, steps[i]);
    }
  });
}

char *st_lerp_all(st_tensor *const *means, st_tensor *const *values, int64_t n, double share) {
  return guard([&] {
    at::NoGradGuard no_grad;
    if (n > 0) at::_foreach_lerp_(list(means, n), list(values, n), share);
  });
}
