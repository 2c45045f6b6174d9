#include "elementwise.h"

#include <cmath>

#include "internal.h"

using stan::guard;
using stan::own;
using stan::ref;

namespace {

at::Scalar number(const at::Tensor &a, double v) {
  if (at::isIntegralType(a.scalar_type(), /*includeBool=*/false) && v == std::trunc(v) && std::abs(v) < 0x1p63) {
    return static_cast<int64_t>(v);
  }
  return v;
}

at::Tensor unary(st_unary_op op, const at::Tensor &a) {
  switch (op) {
#define ST_ITEM(name) \
  case ST_UNARY_##name: return at::name(a);
    ST_UNARY_LIST(ST_ITEM)
#undef ST_ITEM
  }
  TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
}

at::Tensor binary(st_binary_op op, const at::Tensor &a, const at::Tensor &b) {
  switch (op) {
#define ST_ITEM(name) \
  case ST_BINARY_##name: return at::name(a, b);
    ST_BINARY_LIST(ST_ITEM)
#undef ST_ITEM
  }
  TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
}

at::Tensor scalar(st_scalar_op op, const at::Tensor &a, const at::Scalar &b) {
  switch (op) {
#define ST_ITEM(name) \
  case ST_SCALAR_##name: return at::name(a, b);
    ST_SCALAR_LIST(ST_ITEM)
#undef ST_ITEM
  }
  TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
}

}  // namespace

char *st_unary(st_tensor **out, st_unary_op op, const st_tensor *a) {
  return guard([&] { *out = own(unary(op, ref(a))); });
}

char *st_binary(st_tensor **out, st_binary_op op, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = own(binary(op, ref(a), ref(b))); });
}

char *st_scalar(st_tensor **out, st_scalar_op op, const st_tensor *a, double b) {
  return guard([&] { *out = own(scalar(op, ref(a), number(ref(a), b))); });
}

char *st_add(st_tensor **out, const st_tensor *a, const st_tensor *b, double alpha) {
  return guard([&] { *out = own(at::add(ref(a), ref(b), number(ref(a), alpha))); });
}

char *st_inplace(st_inplace_op op, st_tensor *a, const st_tensor *b, double alpha) {
  return guard([&] {
    auto &x = ref(a);
    const auto &y = ref(b);
    switch (op) {
      case ST_INPLACE_ADD: x.add_(y, number(x, alpha)); return;
      case ST_INPLACE_MUL: x.mul_(y); return;
      case ST_INPLACE_DIV: x.div_(y); return;
      case ST_INPLACE_COPY: x.copy_(y); return;
    }
    TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
  });
}

char *st_copy_beside(st_tensor *a, const st_tensor *b) {
  return guard([&] { ref(a).copy_(ref(b), /*non_blocking=*/true); });
}

char *st_inplace_scalar(st_inplace_scalar_op op, st_tensor *a, double b) {
  return guard([&] {
    auto &x = ref(a);
    switch (op) {
      case ST_INPLACE_SCALAR_FILL: x.fill_(number(x, b)); return;
      case ST_INPLACE_SCALAR_ADD: x.add_(number(x, b)); return;
      case ST_INPLACE_SCALAR_MUL: x.mul_(number(x, b)); return;
      case ST_INPLACE_SCALAR_RELU: x.relu_(); return;
    }
    TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
  });
}

char *st_clamp(st_tensor **out, const st_tensor *a, double low, double high) {
  return guard([&] {
    const auto &x = ref(a);
    *out = own(at::clamp(x, number(x, low), number(x, high)));
  });
}

char *st_gelu(st_tensor **out, const st_tensor *a, bool tanh_form) {
  return guard([&] { *out = own(at::gelu(ref(a), tanh_form ? "tanh" : "none")); });
}

char *st_softplus(st_tensor **out, const st_tensor *a, double beta, double threshold) {
  return guard([&] { *out = own(at::softplus(ref(a), beta, threshold)); });
}

char *st_leaky_relu(st_tensor **out, const st_tensor *a, double slope) {
  return guard([&] { *out = own(at::leaky_relu(ref(a), slope)); });
}

char *st_where(st_tensor **out, const st_tensor *condition, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = own(at::where(ref(condition), ref(a), ref(b))); });
}

char *st_masked_fill(st_tensor **out, const st_tensor *a, const st_tensor *mask, double value) {
  return guard([&] {
    const auto &x = ref(a);
    *out = own(at::masked_fill(x, ref(mask), number(x, value)));
  });
}

