// Optimisers: SGD, Adam, AdamW, one fused kernel over all parameters of a kind.
#ifndef STAN_OPTIM_H
#define STAN_OPTIM_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct st_optimizer st_optimizer;

typedef enum st_optimizer_kind { ST_OPTIMIZER_SGD, ST_OPTIMIZER_ADAM, ST_OPTIMIZER_ADAMW } st_optimizer_kind;

typedef struct st_optimizer_options {
  st_optimizer_kind kind;
  double lr;
  double beta1, beta2, eps;           // Adam, AdamW
  double momentum, dampening;         // SGD
  bool nesterov;                      // SGD
} st_optimizer_options;

char *st_optimizer_new(st_optimizer **out, const st_optimizer_options *options);
void st_optimizer_free(st_optimizer *o);

// Keeps references of its own to the parameters.
char *st_optimizer_add(st_optimizer *o, st_tensor *const *ts, int64_t n, double weight_decay);

// Parameters without a gradient are left as they are.
char *st_optimizer_step(st_optimizer *o);
char *st_optimizer_zero_grad(st_optimizer *o);
char *st_optimizer_set_lr(st_optimizer *o, double lr);
char *st_optimizer_lr(const st_optimizer *o, double *lr);

// The state of parameter i: SGD has slot 0 (momentum), Adam and AdamW slots 0 (mean of gradients) and 1 (mean of their
// squares). *out is a copy, NULL where there is none yet.
char *st_optimizer_count(const st_optimizer *o, int64_t *parameters, int64_t *slots);
char *st_optimizer_parameter(const st_optimizer *o, int64_t i, st_tensor **out);
char *st_optimizer_state(const st_optimizer *o, int64_t slot, int64_t i, st_tensor **out);
char *st_optimizer_steps(const st_optimizer *o, double *steps, int64_t n);

// t NULL drops the state. It is copied, and must have the parameter's shape.
char *st_optimizer_set_state(st_optimizer *o, int64_t slot, int64_t i, const st_tensor *t);
char *st_optimizer_set_steps(st_optimizer *o, const double *steps, int64_t n);

// Moves each of n means a share of the way to the value beside it.
char *st_lerp_all(st_tensor *const *means, st_tensor *const *values, int64_t n, double share);

#ifdef __cplusplus
}
#endif
#endif
