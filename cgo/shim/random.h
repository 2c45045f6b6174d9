// libtorch's random generators: the default ones, one a device, which nn.h seeds, and those of the program.
#ifndef STAN_RANDOM_H
#define STAN_RANDOM_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// The state is a CPU tensor of bytes, whose form is libtorch's own.
char *st_rng_state(st_tensor **out, st_device device);
char *st_set_rng_state(const st_tensor *state, st_device device);

// A generator on the CPU of the program's own, for one thread at a time.
typedef struct st_rng st_rng;
char *st_rng_new(st_rng **out);
char *st_rng_seed(st_rng *rng, uint64_t seed);
void st_rng_free(st_rng *rng);

// Dropout keeps an element with probability 1-p and divides it by that; the identity when not training. It draws from rng, or
// from the default generator where that is NULL.
char *st_dropout(st_tensor **out, const st_tensor *a, double p, bool training, st_rng *rng);

#ifdef __cplusplus
}
#endif
#endif
