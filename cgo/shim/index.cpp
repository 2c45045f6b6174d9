#include "index.h"

#include "internal.h"

using stan::guard;
using stan::own;
using stan::ref;

char *st_index(st_tensor **out, const st_tensor *a, const int64_t *v, int64_t n) {
  return guard([&] {
    at::Tensor x = ref(a);
    for (int64_t i = 0; i < n; i++) x = x.select(0, v[i]);
    *out = own(std::move(x));
  });
}

char *st_index_select(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index) {
  return guard([&] { *out = own(at::index_select(ref(a), dim, ref(index))); });
}

char *st_gather(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index) {
  return guard([&] { *out = own(at::gather(ref(a), dim, ref(index))); });
}

char *st_scatter(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src) {
  return guard([&] { *out = own(at::scatter(ref(a), dim, ref(index), ref(src))); });
}

char *st_index_add(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src,
                   double alpha) {
  return guard([&] { *out = own(at::index_add(ref(a), dim, ref(index), ref(src), alpha)); });
}

char *st_index_add_i(st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src, double alpha) {
  return guard([&] { ref(a).index_add_(dim, ref(index), ref(src), alpha); });
}

char *st_index_copy_i(st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src) {
  return guard([&] { ref(a).index_copy_(dim, ref(index), ref(src)); });
}

char *st_index_fill_i(st_tensor *a, int64_t dim, const st_tensor *index, double value) {
  return guard([&] { ref(a).index_fill_(dim, ref(index), value); });
}

char *st_nonzero(st_tensor **out, const st_tensor *a) {
  return guard([&] { *out = own(at::nonzero(ref(a))); });
}

char *st_one_hot(st_tensor **out, const st_tensor *a, int64_t classes) {
  return guard([&] { *out = own(at::one_hot(ref(a), classes)); });
}
