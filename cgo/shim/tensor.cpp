#include "tensor.h"

#include <cstdlib>
#include <cstring>
#include <sstream>

#include "device.h"
#include "internal.h"

using stan::guard;
using stan::ints;
using stan::own;
using stan::ref;

namespace {

at::TensorOptions options(st_options o) {
  return at::TensorOptions().dtype(static_cast<at::ScalarType>(o.dtype)).device(stan::device(o.device));
}

st_tensor *made(at::Tensor t, const st_options &o) {
  if (o.requires_grad) t.set_requires_grad(true);
  return own(std::move(t));
}

// A tensor of dtype over memory that the caller keeps alive during the use.
at::Tensor borrow(const void *p, at::IntArrayRef sizes, int8_t dtype) {
  return at::from_blob(const_cast<void *>(p), sizes, at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype)));
}

}  // namespace

char *st_create(st_tensor **out, st_create_op op, const int64_t *sizes, int64_t n, double value, st_options o) {
  return guard([&] {
    const auto opts = options(o);
    const auto s = ints(sizes, n);
    switch (op) {
      case ST_CREATE_EMPTY: *out = made(at::empty(s, opts), o); return;
      case ST_CREATE_FULL: *out = made(value == 0 ? at::zeros(s, opts) : at::full(s, value, opts), o); return;
      case ST_CREATE_RAND: *out = made(at::rand(s, opts), o); return;
      case ST_CREATE_RANDN: *out = made(at::randn(s, opts), o); return;
    }
    TORCH_CHECK(false, "unknown way to create a tensor: ", static_cast<int>(op));
  });
}

char *st_eye(st_tensor **out, int64_t rows, int64_t cols, st_options o) {
  return guard([&] { *out = made(at::eye(rows, cols, options(o)), o); });
}

char *st_arange(st_tensor **out, double begin, double end, double step, st_options o) {
  return guard([&] { *out = made(at::arange(begin, end, step, options(o)), o); });
}

char *st_linspace(st_tensor **out, double begin, double end, int64_t steps, st_options o) {
  return guard([&] { *out = made(at::linspace(begin, end, steps, options(o)), o); });
}

char *st_logspace(st_tensor **out, double begin, double end, int64_t steps, double base, st_options o) {
  return guard([&] { *out = made(at::logspace(begin, end, steps, base, options(o)), o); });
}

char *st_randint(st_tensor **out, int64_t low, int64_t high, const int64_t *sizes, int64_t n, st_options o) {
  return guard([&] { *out = made(at::randint(low, high, ints(sizes, n), options(o)), o); });
}

char *st_from_data(st_tensor **out, const void *data, const int64_t *sizes, int64_t n, st_options o) {
  return guard([&] {
    const auto device = stan::device(o.device);
    const auto dtype = static_cast<at::ScalarType>(o.dtype);
    auto t = at::empty(ints(sizes, n), at::TensorOptions().dtype(dtype));
    if (t.nbytes() > 0) std::memcpy(t.mutable_data_ptr(), data, t.nbytes());
    *out = made(device.is_cpu() ? t : t.to(device), o);
  });
}

char *st_copy_out(const st_tensor *t, int8_t dtype, void *dst, int64_t n) {
  return guard([&] {
    const auto &x = ref(t);
    TORCH_CHECK(n == x.numel(), "destination holds ", n, " elements, tensor size is ", x.numel());
    if (n == 0) return;
    at::NoGradGuard no_grad;
    borrow(dst, x.sizes(), dtype).copy_(x);
  });
}

char *st_copy_in(st_tensor *t, int8_t dtype, const void *src, int64_t n) {
  return guard([&] {
    auto &x = ref(t);
    TORCH_CHECK(n == x.numel(), "source holds ", n, " elements, tensor size is ", x.numel());
    if (n == 0) return;
    at::NoGradGuard no_grad;
    x.copy_(borrow(src, x.sizes(), dtype));
  });
}

char *st_data_ptr(void **out, const st_tensor *t) {
  return guard([&] { *out = ref(t).data_ptr(); });
}

char *st_describe(const st_tensor *t, st_info *out) {
  return guard([&] {
    const auto &x = ref(t);
    out->numel = x.numel();
    out->nbytes = static_cast<int64_t>(x.nbytes());
    out->dim = x.dim();
    for (int64_t i = 0; i < x.dim() && i < ST_INFO_SIZES; i++) out->size[i] = x.size(i);
    out->dtype = static_cast<int8_t>(x.scalar_type());
    out->device = {static_cast<int8_t>(x.device().type()), x.device().index()};
    out->contiguous = x.is_contiguous();
    out->requires_grad = x.requires_grad();
    out->leaf = x.is_leaf();
  });
}

char *st_sizes(const st_tensor *t, int64_t *out, int64_t n) {
  return guard([&] {
    const auto &x = ref(t);
    for (int64_t i = 0; i < x.dim() && i < n; i++) out[i] = x.size(i);
  });
}

char *st_string(char **out, const st_tensor *t) {
  return guard([&] {
    std::ostringstream s;
    s << ref(t);
    *out = strdup(s.str().c_str());
  });
}

char *st_item(const st_tensor *t, bool *is_int, int64_t *i, double *d) {
  return guard([&] {
    const auto v = ref(t).item();
    *is_int = v.isIntegral(true);
    if (*is_int) {
      *i = v.toLong();
    } else {
      *d = v.toDouble();
    }
  });
}

char *st_to(st_tensor **out, const st_tensor *t, st_device device, int8_t dtype, bool non_blocking, bool copy) {
  return guard([&] {
    *out = own(ref(t).to(stan::device(device), static_cast<at::ScalarType>(dtype), non_blocking, copy));
  });
}

char *st_pin_memory(st_tensor **out, const st_tensor *t) {
  return guard([&] {
    if (!at::hasCUDA()) throw stan::NoCUDA("pinned memory needs CUDA");
    *out = own(ref(t).pin_memory());
  });
}

char *st_set_data(st_tensor *a, const st_tensor *b) {
  return guard([&] { ref(a).set_data(ref(b)); });
}
