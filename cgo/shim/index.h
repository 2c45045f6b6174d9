// Reading and writing by index. Every index tensor holds int64 (or int32 where libtorch takes it).
#ifndef STAN_INDEX_H
#define STAN_INDEX_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// a[v[0], v[1], ...].
char *st_index(st_tensor **out, const st_tensor *a, const int64_t *v, int64_t n);
char *st_index_select(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index);
char *st_gather(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index);
char *st_scatter(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src);
char *st_index_add(st_tensor **out, const st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src,
                   double alpha);
char *st_index_add_i(st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src, double alpha);
char *st_index_copy_i(st_tensor *a, int64_t dim, const st_tensor *index, const st_tensor *src);
char *st_index_fill_i(st_tensor *a, int64_t dim, const st_tensor *index, double value);
char *st_nonzero(st_tensor **out, const st_tensor *a);
char *st_one_hot(st_tensor **out, const st_tensor *a, int64_t classes);

// weight [V, D], index of any shape: its shape and D.
char *st_embedding(st_tensor **out, const st_tensor *weight, const st_tensor *index);

// weight [V, D], index [R, n]: [R, D], the sum of the n rows.
char *st_embedding_bag_sum(st_tensor **out, const st_tensor *weight, const st_tensor *index);

#ifdef __cplusplus
}
#endif
#endif
