// What every entry of the shim shares: the tensor handle, its release and the error message.
//
// Every entry `char *st_xxx(outs..., ins...)` returns NULL, or a message that the caller frees with
// st_free_message. The first byte of a message is its kind (ST_KIND_*), the text follows. When a message is returned,
// no out parameter has been written. A handle written to an out parameter belongs to the caller; every other pointer
// is borrowed for the call.
#ifndef STAN_BASE_H
#define STAN_BASE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct st_tensor st_tensor;

#define ST_KIND_TORCH 'T'   // anything that is none of the others
#define ST_KIND_SHAPE 'S'   // sizes, dimensions or indices do not fit
#define ST_KIND_TYPE 'Y'    // an element type that the operation does not take
#define ST_KIND_DEVICE 'D'  // operands on different devices
#define ST_KIND_MEMORY 'M'  // host or device memory exhausted
#define ST_KIND_NOCUDA 'C'  // asked for CUDA in a build or on a machine without it
#define ST_KIND_HANDLE 'H'  // a handle is NULL: no tensor, or freed before
#define ST_KIND_SYSTEM 'E'  // the system refused; the text begins with errno and a space

void st_free_message(char *message);

// Releases handles; NULL elements are skipped.
void st_tensor_free(st_tensor *t);
void st_tensor_free_many(st_tensor *const *ts, int64_t n);

// The number of handles alive in the process.
int64_t st_live_handles(void);

#ifdef __cplusplus
}
#endif
#endif
