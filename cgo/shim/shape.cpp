#include "shape.h"

#include "internal.h"

using stan::guard;
using stan::ints;
using stan::list;
using stan::own;
using stan::ref;

char *st_shape(st_tensor **out, st_shape_op op, const st_tensor *a, const int64_t *v, int64_t n) {
  return guard([&] {
    const auto &x = ref(a);
    const auto s = ints(v, n);
    switch (op) {
      case ST_SHAPE_VIEW: *out = own(x.view(s)); return;
      case ST_SHAPE_RESHAPE: *out = own(x.reshape(s)); return;
      case ST_SHAPE_EXPAND: *out = own(x.expand(s)); return;
      case ST_SHAPE_PERMUTE: *out = own(x.permute(s)); return;
      case ST_SHAPE_FLIP: *out = own(x.flip(s)); return;
      case ST_SHAPE_SQUEEZE: *out = own(n == 0 ? x.squeeze() : x.squeeze(s)); return;
    }
    TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
  });
}

char *st_expand_as(st_tensor **out, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = own(ref(a).expand_as(ref(b))); });
}

char *st_flatten(st_tensor **out, const st_tensor *a, int64_t from, int64_t to) {
  return guard([&] { *out = own(at::flatten(ref(a), from, to)); });
}

char *st_transpose(st_tensor **out, const st_tensor *a, int64_t d0, int64_t d1) {
  return guard([&] { *out = own(ref(a).transpose(d0, d1)); });
}

char *st_unsqueeze(st_tensor **out, const st_tensor *a, int64_t dim) {
  return guard([&] { *out = own(ref(a).unsqueeze(dim)); });
}

char *st_contiguous(st_tensor **out, const st_tensor *a) {
  return guard([&] { *out = own(ref(a).contiguous()); });
}

char *st_narrow(st_tensor **out, const st_tensor *a, int64_t dim, int64_t start, int64_t length) {
  return guard([&] { *out = own(ref(a).narrow(dim, start, length)); });
}

char *st_select(st_tensor **out, const st_tensor *a, int64_t dim, int64_t index) {
  return guard([&] { *out = own(ref(a).select(dim, index)); });
}

char *st_cat(st_tensor **out, st_tensor *const *ts, int64_t n, int64_t dim) {
  return guard([&] { *out = own(at::cat(list(ts, n), dim)); });
}

char *st_stack(st_tensor **out, st_tensor *const *ts, int64_t n, int64_t dim) {
  return guard([&] { *out = own(at::stack(list(ts, n), dim)); });
}
