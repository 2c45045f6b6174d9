// The state of libtorch's default random generators, one a device; nn.h seeds them.
#ifndef STAN_RANDOM_H
#define STAN_RANDOM_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// The state is a CPU tensor of bytes, whose form is libtorch's own.
char *st_rng_state(st_tensor **out, st_device device);
char *st_set_rng_state(const st_tensor *state, st_device device);

#ifdef __cplusplus
}
#endif
#endif
