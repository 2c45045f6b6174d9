// Reductions, normalised exponentials, sorting.
#ifndef STAN_REDUCE_H
#define STAN_REDUCE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// With n = 0 the whole tensor is reduced.
typedef enum st_reduce_op {
  ST_REDUCE_SUM,
  ST_REDUCE_MEAN,
  ST_REDUCE_MAX,
  ST_REDUCE_MIN,
  ST_REDUCE_LOGSUMEXP,
  ST_REDUCE_VAR,      // divided by count-1
  ST_REDUCE_VAR_POP,  // divided by count
  ST_REDUCE_ANY,
  ST_REDUCE_ALL,
} st_reduce_op;

char *st_reduce(st_tensor **out, st_reduce_op op, const st_tensor *a, const int64_t *dims, int64_t n, bool keep);

// The p-norm.
char *st_norm(st_tensor **out, const st_tensor *a, double p, const int64_t *dims, int64_t n, bool keep);

// The largest or smallest elements along dim and where they are.
char *st_max_dim(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool keep);
char *st_min_dim(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool keep);

// The index along dim; with whole, the index in the flattened tensor.
char *st_argmax(st_tensor **out, const st_tensor *a, bool whole, int64_t dim, bool keep);
char *st_argmin(st_tensor **out, const st_tensor *a, bool whole, int64_t dim, bool keep);

char *st_softmax(st_tensor **out, const st_tensor *a, int64_t dim);

// The first half of a along dim, times the sigmoid of the second.
char *st_glu(st_tensor **out, const st_tensor *a, int64_t dim);
char *st_log_softmax(st_tensor **out, const st_tensor *a, int64_t dim);
char *st_cumsum(st_tensor **out, const st_tensor *a, int64_t dim);

// Stable: equal elements keep their order.
char *st_sort(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t dim, bool descending);
char *st_topk(st_tensor **values, st_tensor **indices, const st_tensor *a, int64_t k, int64_t dim, bool largest,
              bool sorted);

char *st_equal(bool *out, const st_tensor *a, const st_tensor *b);
char *st_allclose(bool *out, const st_tensor *a, const st_tensor *b, double rtol, double atol);

#ifdef __cplusplus
}
#endif
#endif
