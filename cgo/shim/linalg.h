// Products of matrices, and the layers that libtorch fuses with them.
#ifndef STAN_LINALG_H
#define STAN_LINALG_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// bias + a @ b.
char *st_addmm(st_tensor **out, const st_tensor *bias, const st_tensor *a, const st_tensor *b);
char *st_baddbmm(st_tensor **out, const st_tensor *bias, const st_tensor *a, const st_tensor *b);

// x @ weight^T + bias; bias may be NULL.
char *st_linear(st_tensor **out, const st_tensor *x, const st_tensor *weight, const st_tensor *bias);

// Normalises over the last dimensions, as many as weight has; weight and bias may be NULL.
char *st_layer_norm(st_tensor **out, const st_tensor *x, const int64_t *sizes, int64_t n, const st_tensor *weight,
                    const st_tensor *bias, double eps);
char *st_rms_norm(st_tensor **out, const st_tensor *x, const int64_t *sizes, int64_t n, const st_tensor *weight,
                  double eps);

// x [B, C, L], weight [O, C/groups, K]; bias may be NULL.
char *st_conv1d(st_tensor **out, const st_tensor *x, const st_tensor *weight, const st_tensor *bias, int64_t stride,
                int64_t padding, int64_t dilation, int64_t groups);
char *st_max_pool1d(st_tensor **out, const st_tensor *x, int64_t kernel, int64_t stride, int64_t padding,
                    int64_t dilation, bool ceil_mode);

#ifdef __cplusplus
}
#endif
#endif
