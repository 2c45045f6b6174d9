// Views, layout, joining and splitting.
#ifndef STAN_SHAPE_H
#define STAN_SHAPE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef enum st_shape_op {
  ST_SHAPE_VIEW,     // sizes; one may be -1
  ST_SHAPE_RESHAPE,  // sizes; copies where a view is impossible
  ST_SHAPE_EXPAND,   // sizes; -1 keeps one
  ST_SHAPE_PERMUTE,  // the old dimension of each new one
  ST_SHAPE_FLIP,     // dimensions
  ST_SHAPE_SQUEEZE,  // dimensions; none given: all of length 1
} st_shape_op;

char *st_shape(st_tensor **out, st_shape_op op, const st_tensor *a, const int64_t *v, int64_t n);
char *st_expand_as(st_tensor **out, const st_tensor *a, const st_tensor *b);
char *st_flatten(st_tensor **out, const st_tensor *a, int64_t from, int64_t to);
char *st_transpose(st_tensor **out, const st_tensor *a, int64_t d0, int64_t d1);
char *st_unsqueeze(st_tensor **out, const st_tensor *a, int64_t dim);
char *st_contiguous(st_tensor **out, const st_tensor *a);
char *st_narrow(st_tensor **out, const st_tensor *a, int64_t dim, int64_t start, int64_t length);
char *st_select(st_tensor **out, const st_tensor *a, int64_t dim, int64_t index);
char *st_cat(st_tensor **out, st_tensor *const *ts, int64_t n, int64_t dim);
char *st_stack(st_tensor **out, st_tensor *const *ts, int64_t n, int64_t dim);

#ifdef __cplusplus
}
#endif
#endif
