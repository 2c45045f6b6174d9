// Tensors: making them, describing them, copying data in and out, moving between devices and types.
#ifndef STAN_TENSOR_H
#define STAN_TENSOR_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// A device as libtorch numbers them: type 0 CPU, 1 CUDA; index -1 is the current one.
typedef struct st_device {
  int8_t type;
  int8_t index;
} st_device;

// dtype is a c10::ScalarType.
typedef struct st_options {
  int8_t dtype;
  st_device device;
  bool requires_grad;
} st_options;

#define ST_INFO_SIZES 8

typedef struct st_info {
  int64_t numel;
  int64_t nbytes;
  int64_t dim;
  int64_t size[ST_INFO_SIZES];  // the first sizes; st_sizes gives all
  int8_t dtype;
  st_device device;
  bool contiguous;
  bool requires_grad;
  bool leaf;
} st_info;

typedef enum st_create_op {
  ST_CREATE_EMPTY,
  ST_CREATE_FULL,   // every element is value
  ST_CREATE_RAND,   // uniform in [0, 1)
  ST_CREATE_RANDN,  // standard normal
} st_create_op;

char *st_create(st_tensor **out, st_create_op op, const int64_t *sizes, int64_t n, double value, st_options o);
char *st_eye(st_tensor **out, int64_t rows, int64_t cols, st_options o);
char *st_arange(st_tensor **out, double begin, double end, double step, st_options o);
char *st_linspace(st_tensor **out, double begin, double end, int64_t steps, st_options o);
char *st_logspace(st_tensor **out, double begin, double end, int64_t steps, double base, st_options o);
char *st_randint(st_tensor **out, int64_t low, int64_t high, const int64_t *sizes, int64_t n, st_options o);

// Copies numel(sizes) elements of type o.dtype from data.
char *st_from_data(st_tensor **out, const void *data, const int64_t *sizes, int64_t n, st_options o);

// Copies the elements of t, converted to dtype, to dst, which holds n of them.
char *st_copy_out(const st_tensor *t, int8_t dtype, void *dst, int64_t n);

// Copies n elements of type dtype at src into t, converted to t's type; autograd does not see it.
char *st_copy_in(st_tensor *t, int8_t dtype, const void *src, int64_t n);

// The address of the first element, valid as long as t's storage.
char *st_data_ptr(void **out, const st_tensor *t);

char *st_describe(const st_tensor *t, st_info *out);
char *st_sizes(const st_tensor *t, int64_t *out, int64_t n);

// libtorch's own text form. The caller frees it with st_free_message.
char *st_string(char **out, const st_tensor *t);

// The only element of t: an integer for integer and bool types, else a double.
char *st_item(const st_tensor *t, bool *is_int, int64_t *i, double *d);

char *st_to(st_tensor **out, const st_tensor *t, st_device device, int8_t dtype, bool non_blocking, bool copy);
char *st_pin_memory(st_tensor **out, const st_tensor *t);

// Lets a share b's data and type (a keeps its place in autograd).
char *st_set_data(st_tensor *a, const st_tensor *b);

#ifdef __cplusplus
}
#endif
#endif
