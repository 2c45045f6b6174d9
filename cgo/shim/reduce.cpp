#include "reduce.h"

#include "internal.h"

using stan::guard;
using stan::ints;
using stan::own;
using stan::ref;

namespace {

void own_pair(st_tensor **first, st_tensor **second, std::tuple<at::Tensor, at::Tensor> t) {
  *first = own(std::move(std::get<0>(t)));
  *second = own(std::move(std::get<1>(t)));
}

// The dimensions of a reduction; all of them for an empty list.
std::vector<int64_t> dims_of(const at::Tensor &x, const int64_t *dims, int64_t n) {
  if (n > 0) return {dims, dims + n};
  std::vector<int64_t> all(x.dim());
  for (int64_t i = 0; i < x.dim(); i++) all[i] = i;
  return all;
}

at::Tensor any_or_all(bool all, const at::Tensor &x, const int64_t *dims, int64_t n, bool keep) {
  if (n == 0) return all ? at::all(x) : at::any(x);
  return all ? at::all(x, ints(dims, n), keep) : at::any(x, ints(dims, n), keep);
}

}  // namespace

char *st_reduce(st_tensor **out, st_reduce_op op, const st_tensor *a, const int64_t *dims, int64_t n, bool keep) {
  return guard([&] {
    const auto &x = ref(a);
    switch (op) {
      case ST_REDUCE_SUM: *out = own(n == 0 ? at::sum(x) : at::sum(x, ints(dims, n), keep)); return;
      case ST_REDUCE_MEAN: *out = own(n == 0 ? at::mean(x) : at::mean(x, ints(dims, n), keep)); return;
      case ST_REDUCE_MAX: *out = own(n == 0 ? at::max(x) : at::amax(x, ints(dims, n), keep)); return;
      case ST_REDUCE_MIN: *out = own(n == 0 ? at::min(x) : at::amin(x, ints(dims, n), keep)); return;
      case ST_REDUCE_LOGSUMEXP: *out = own(at::logsumexp(x, dims_of(x, dims, n), keep)); return;
      case ST_REDUCE_VAR: *out = own(at::var(x, dims_of(x, dims, n), /*unbiased=*/true, keep)); return;
      case ST_REDUCE_VAR_POP: *out = own(at::var(x, dims_of(x, dims, n), /*unbiased=*/false, keep)); return;
      case ST_REDUCE_ANY: *out = own(any_or_all(false, x, dims, n, keep)); return;
      case ST_REDUCE_ALL: *out = own(any_or_all(true, x, dims, n, keep)); return;
    }
    TORCH_CHECK(false, "unknown operation ", static_cast<int>(op));
  });
}

char *st_norm(st_tensor **out, const st_tensor *a, double p, const int64_t *dims, int64_t n, bool keep) {
  return guard([&] {
    const auto &x = ref(a);
    *out = own(at::linalg_vector_norm(x, p, dims_of(x, dims, n), keep));
  });
}

char *st_max_dim(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool keep) {
  return guard([&] { own_pair(values, indices, at::max(ref(a), dim, keep)); });
}

char *st_min_dim(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool keep) {
  return guard([&] { own_pair(values, indices, at::min(ref(a), dim, keep)); });
}

char *st_argmax(st_tensor **out, const st_tensor *a, bool whole, int64_t dim, bool keep) {
  return guard([&] { *out = own(whole ? at::argmax(ref(a)) : at::argmax(ref(a), dim, keep)); });
}

char *st_argmin(st_tensor **out, const st_tensor *a, bool whole, int64_t dim, bool keep) {
  return guard([&] { *out = own(whole ? at::argmin(ref(a)) : at::argmin(ref(a), dim, keep)); });
}

char *st_softmax(st_tensor **out, const st_tensor *a, int64_t dim) {
  return guard([&] { *out = own(at::softmax(ref(a), dim)); });
}

char *st_log_softmax(st_tensor **out, const st_tensor *a, int64_t dim) {
  return guard([&] { *out = own(at::log_softmax(ref(a), dim)); });
}

char *st_glu(st_tensor **out, const st_tensor *a, int64_t dim) {
  return guard([&] { *out = own(at::glu(ref(a), dim)); });
}

char *st_cumsum(st_tensor **out, const st_tensor *a, int64_t dim) {
  return guard([&] { *out = own(at::cumsum(ref(a), dim)); });
}

char *st_sort(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool descending) {
  return guard([&] { own_pair(values, indices, at::sort(ref(a), /*stable=*/true, dim, descending)); });
}

char *st_topk(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t k, int64_t dim, bool largest,
              bool sorted) {
  return guard([&] { own_pair(values, indices, at::topk(ref(a), k, dim, largest, sorted)); });
}

char *st_equal(bool *out, const st_tensor *a, const st_tensor *b) {
  return guard([&] { *out = at::equal(ref(a), ref(b)); });
}

char *st_allclose(bool *out, const st_tensor *a, const st_tensor *b, double rtol, double atol) {
  return guard([&] { *out = at::allclose(ref(a), ref(b), rtol, atol); });
}
