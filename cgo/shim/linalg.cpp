#include "linalg.h"

#include "internal.h"

using stan::guard;
using stan::ints;
using stan::opt;
using stan::own;
using stan::ref;

char *st_addmm(st_tensor **out, const st_tensor *bias, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = own(at::addmm(ref(bias), ref(a), ref(b))); });
}

char *st_baddbmm(st_tensor **out, const st_tensor *bias, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = own(at::baddbmm(ref(bias), ref(a), ref(b))); });
}

char *st_linear(st_tensor **out, const st_tensor *x, const st_tensor *weight, const st_tensor *bias) {
  return guard([&] { *out = own(at::linear(ref(x), ref(weight), opt(bias))); });
}

char *st_layer_norm(st_tensor **out, const st_tensor *x, const int64_t *sizes, int64_t n, const st_tensor *weight,
                    const st_tensor *bias, double eps) {
  return guard([&] { *out = own(at::layer_norm(ref(x), ints(sizes, n), opt(weight), opt(bias), eps)); });
}

char *st_rms_norm(st_tensor **out, const st_tensor *x, const int64_t *sizes, int64_t n, const st_tensor *weight,
                  double eps) {
  return guard([&] { *out = own(at::rms_norm(ref(x), ints(sizes, n), opt(weight), eps)); });
}

char *st_conv1d(st_tensor **out, const st_tensor *x, const st_tensor *weight, const st_tensor *bias, int64_t stride,
                int64_t padding, int64_t dilation, int64_t groups) {
  return guard([&] {
    *out = own(at::conv1d(ref(x), ref(weight), opt(bias), at::IntArrayRef(stride), at::IntArrayRef(padding),
                          at::IntArrayRef(dilation), groups));
  });
}

char *st_max_pool1d(st_tensor **out, const st_tensor *x, int64_t kernel, int64_t stride, int64_t padding,
                    int64_t dilation, bool ceil_mode) {
  return guard([&] {
    *out = own(at::max_pool1d(ref(x), {kernel}, {stride}, {padding}, {dilation}, ceil_mode));
  });
}
