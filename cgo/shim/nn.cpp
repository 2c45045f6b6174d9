#include "nn.h"

#include "internal.h"

using stan::guard;
using stan::opt;
using stan::own;
using stan::ref;

char *st_conv2d(st_tensor **out, const st_tensor *input, const st_tensor *weight, const st_tensor *bias,
                const st_conv2d_params *p) {
  return guard([&] {
    *out = own(at::conv2d(ref(input), ref(weight), opt(bias), p->stride, p->padding, p->dilation, p->groups));
  });
}

char *st_conv_transpose2d(st_tensor **out, const st_tensor *input, const st_tensor *weight, const st_tensor *bias,
                          const st_conv2d_params *p) {
  return guard([&] {
    *out = own(at::conv_transpose2d(ref(input), ref(weight), opt(bias), p->stride, p->padding, p->output_padding,
                                    p->groups, p->dilation));
  });
}

char *st_max_pool2d(st_tensor **out, const st_tensor *input, const st_pool2d_params *p) {
  return guard([&] {
    *out = own(at::max_pool2d(ref(input), p->kernel, p->stride, p->padding, p->dilation, p->ceil_mode));
  });
}

char *st_adaptive_avg_pool2d(st_tensor **out, const st_tensor *input, int64_t height, int64_t width) {
  return guard([&] { *out = own(at::adaptive_avg_pool2d(ref(input), {height, width})); });
}

char *st_batch_norm(st_tensor **out, const st_tensor *input, const st_tensor *weight, const st_tensor *bias,
                    st_tensor *running_mean, st_tensor *running_var, bool training, double momentum, double eps) {
  return guard([&] {
    const at::Tensor &x = ref(input);
    if (training && x.dim() >= 2) {
      const int64_t values = x.numel() / std::max<int64_t>(x.size(1), 1);
      TORCH_CHECK(values > 1, "training needs more than 1 value a channel, got input of size ", x.sizes());
    }
    *out = own(at::batch_norm(x, opt(weight), opt(bias), opt(running_mean), opt(running_var), training, momentum, eps,
                              at::globalContext().userEnabledCuDNN()));
  });
}

char *st_nll_loss(st_tensor **out, const st_tensor *log_probabilities, const st_tensor *target, const st_tensor *weight,
                  st_reduction reduction, int64_t ignore_index) {
  return guard([&] {
    *out = own(at::nll_loss_nd(ref(log_probabilities), ref(target), opt(weight), reduction, ignore_index));
  });
}

char *st_cross_entropy(st_tensor **out, const st_tensor *logits, const st_tensor *target, const st_tensor *weight,
                       st_reduction reduction, int64_t ignore_index) {
  return guard([&] {
    *out = own(at::cross_entropy_loss(ref(logits), ref(target), opt(weight), reduction, ignore_index));
  });
}

char *st_binary_cross_entropy(st_tensor **out, const st_tensor *probabilities, const st_tensor *target,
                              const st_tensor *weight, st_reduction reduction) {
  return guard([&] {
    *out = own(at::binary_cross_entropy(ref(probabilities), ref(target), opt(weight), reduction));
  });
}

char *st_leaky_relu_inplace(st_tensor *t, double slope) {
  return guard([&] { at::leaky_relu_(ref(t), slope); });
}

char *st_manual_seed(uint64_t seed) {
  return guard([&] { at::manual_seed(seed); });
}

char *st_fill_uniform(st_tensor *t, double low, double high) {
  return guard([&] {
    c10::NoGradGuard off;
    ref(t).uniform_(low, high);
  });
}

char *st_fill_normal(st_tensor *t, double mean, double std) {
  return guard([&] {
    c10::NoGradGuard off;
    ref(t).normal_(mean, std);
  });
}
