// Gradients: recording, backward, gradient mode and autocast of the calling thread, clipping.
#ifndef STAN_AUTOGRAD_H
#define STAN_AUTOGRAD_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// grad may be NULL for a tensor of one element.
char *st_backward(const st_tensor *t, const st_tensor *grad, bool retain_graph);

// The gradients of t, of one element, with respect to n inputs, without touching theirs; outs[i] is NULL where t does not
// depend on inputs[i]. With create_graph they can be differentiated again.
char *st_gradients(st_tensor **outs, const st_tensor *t, st_tensor *const *inputs, int64_t n, bool create_graph);

// *out is NULL when t has no gradient.
char *st_grad(st_tensor **out, const st_tensor *t);
char *st_set_requires_grad(st_tensor *t, bool on);

// Drops (or sets to zero) the gradients of ts; NULL elements are skipped.
char *st_zero_grad(st_tensor *const *ts, int64_t n, bool to_none);

// Makes the gradient of each of n ts the sum of terms tensors: of ts[i] those of grads[i], grads[n + i], grads[2 * n + i] and so on.
// NULL elements of grads are skipped; a tensor without any has no gradient. What is given is copied.
char *st_sum_gradients(st_tensor *const *ts, int64_t n, st_tensor *const *grads, int64_t terms);

// Recording on the calling thread.
bool st_grad_enabled(void);
void st_set_grad_enabled(bool on);

// Autocast on the calling thread. The state before is written to *was_on and *was_dtype, for the call that restores it.
char *st_autocast(st_device device, bool on, int8_t dtype, bool *was_on, int8_t *was_dtype);
void st_autocast_clear(void);

// Lets matrix products of float32 on CUDA round their operands to TF32, in the whole process. What was is written to *was_on.
char *st_allow_tf32(bool on, bool *was_on);

// The 2-norm of all gradients together, after which they are scaled to max_norm where it is above it. The norm stays on
// its device; the scaling is skipped when max_norm <= 0.
char *st_clip_grad_norm(st_tensor **out, st_tensor *const *ts, int64_t n, double max_norm);

#ifdef __cplusplus
}
#endif
#endif
