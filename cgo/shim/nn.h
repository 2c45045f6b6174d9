// Layers and losses on images and classes: 2-D convolution and pooling, batch normalisation, losses; random fill.
// An operand marked "or NULL" may be absent.
#ifndef STAN_NN_H
#define STAN_NN_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// Height and width of each; output_padding is read by the transposed convolution only.
typedef struct st_conv2d_params {
  int64_t stride[2], padding[2], dilation[2], output_padding[2];
  int64_t groups;
} st_conv2d_params;

char *st_conv2d(st_tensor **out, const st_tensor *input, const st_tensor *weight, const st_tensor *bias /* or NULL */,
                const st_conv2d_params *p);
char *st_conv_transpose2d(st_tensor **out, const st_tensor *input, const st_tensor *weight,
                          const st_tensor *bias /* or NULL */, const st_conv2d_params *p);

typedef struct st_pool2d_params {
  int64_t kernel[2], stride[2], padding[2], dilation[2];
  bool ceil_mode;
} st_pool2d_params;

char *st_max_pool2d(st_tensor **out, const st_tensor *input, const st_pool2d_params *p);
char *st_adaptive_avg_pool2d(st_tensor **out, const st_tensor *input, int64_t height, int64_t width);

// In training the running statistics are updated in place.
char *st_batch_norm(st_tensor **out, const st_tensor *input, const st_tensor *weight /* or NULL */,
                    const st_tensor *bias /* or NULL */, st_tensor *running_mean /* or NULL */,
                    st_tensor *running_var /* or NULL */, bool training, double momentum, double eps);
// How a loss over many elements becomes the result; the values are those of at::Reduction.
typedef enum st_reduction { ST_REDUCTION_NONE, ST_REDUCTION_MEAN, ST_REDUCTION_SUM } st_reduction;

char *st_nll_loss(st_tensor **out, const st_tensor *log_probabilities, const st_tensor *target,
                  const st_tensor *weight /* or NULL */, st_reduction reduction, int64_t ignore_index);
char *st_cross_entropy(st_tensor **out, const st_tensor *logits, const st_tensor *target,
                       const st_tensor *weight /* or NULL */, st_reduction reduction, int64_t ignore_index);
char *st_binary_cross_entropy(st_tensor **out, const st_tensor *probabilities, const st_tensor *target,
                              const st_tensor *weight /* or NULL */, st_reduction reduction);

// Changes t itself; autograd records it.
char *st_leaky_relu_inplace(st_tensor *t, double slope);

// Seeds the generators of the CPU and of every CUDA device.
char *st_manual_seed(uint64_t seed);

// Fill t in place with draws, unseen by autograd.
char *st_fill_uniform(st_tensor *t, double low, double high);
char *st_fill_normal(st_tensor *t, double mean, double std);

#ifdef __cplusplus
}
#endif
#endif
