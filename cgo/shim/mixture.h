// The likelihood of binned values under mixtures of normals, with its gradients.
#ifndef STAN_MIXTURE_H
#define STAN_MIXTURE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// logits, mean, log_sd [B, K]; lo, hi [B]; out [B] float32: mixture_math.h has the formula. Gradients flow to the first
// three; gradients of gradients are refused.
char *st_mixture_bin_nll(st_tensor **out, const st_tensor *logits, const st_tensor *mean, const st_tensor *log_sd,
                         const st_tensor *lo, const st_tensor *hi);

#ifdef __cplusplus
}
#endif
#endif
