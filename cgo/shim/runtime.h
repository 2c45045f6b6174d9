// Threads of one operation, determinism, version.
#ifndef STAN_RUNTIME_H
#define STAN_RUNTIME_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

char *st_set_num_threads(int32_t n);
// The count of the calling thread alone, 0 to have again that of the others.
char *st_set_num_threads_here(int32_t n);
int32_t st_num_threads(void);
char *st_set_deterministic(bool on);
const char *st_torch_version(void);
// Of the libtorch that the process has loaded: major, minor and patch in the three upper bytes, from the highest on.
uint64_t st_torch_loaded_version(void);

#ifdef __cplusplus
}
#endif
#endif
