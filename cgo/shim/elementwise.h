// Elementwise arithmetic, comparison and activation.
#ifndef STAN_ELEMENTWISE_H
#define STAN_ELEMENTWISE_H

#include "base.h"

#ifdef __cplusplus
extern "C" {
#endif

// Every name of these lists is the operation of libtorch of that name.
#define ST_UNARY_LIST(X)                                                                                     \
  X(abs) X(neg) X(exp) X(log) X(log1p) X(sqrt) X(square) X(sin) X(cos) X(relu) X(sigmoid) X(tanh) X(silu)      \
  X(floor) X(round) X(logical_not) X(isfinite) X(clone) X(detach)

#define ST_BINARY_LIST(X)                                                                                    \
  X(mul) X(div) X(pow) X(minimum) X(maximum) X(eq) X(ne) X(lt) X(le) X(gt) X(ge) X(logical_and) X(logical_or) \
  X(matmul) X(mm) X(bmm)

// The second operand is a number.
#define ST_SCALAR_LIST(X) X(add) X(mul) X(div) X(pow) X(eq) X(ne) X(lt) X(le) X(gt) X(ge)

typedef enum st_unary_op {
#define ST_ITEM(name) ST_UNARY_##name,
  ST_UNARY_LIST(ST_ITEM)
#undef ST_ITEM
} st_unary_op;

typedef enum st_binary_op {
#define ST_ITEM(name) ST_BINARY_##name,
  ST_BINARY_LIST(ST_ITEM)
#undef ST_ITEM
} st_binary_op;

typedef enum st_scalar_op {
#define ST_ITEM(name) ST_SCALAR_##name,
  ST_SCALAR_LIST(ST_ITEM)
#undef ST_ITEM
} st_scalar_op;

// Operations that change their first operand.
typedef enum st_inplace_op {
  ST_INPLACE_ADD,   // a += alpha * b
  ST_INPLACE_MUL,   // a *= b
  ST_INPLACE_DIV,   // a /= b
  ST_INPLACE_COPY,  // a = b, converted to a's type and device, broadcast to a's shape
} st_inplace_op;

typedef enum st_inplace_scalar_op {
  ST_INPLACE_SCALAR_FILL,
  ST_INPLACE_SCALAR_ADD,
  ST_INPLACE_SCALAR_MUL,
  ST_INPLACE_SCALAR_RELU,  // the number is not used
} st_inplace_scalar_op;

char *st_unary(st_tensor **out, st_unary_op op, const st_tensor *a);
char *st_binary(st_tensor **out, st_binary_op op, const st_tensor *a, const st_tensor *b);

// A whole number keeps an integer tensor's type; a fraction makes the result a float, as in libtorch.
char *st_scalar(st_tensor **out, st_scalar_op op, const st_tensor *a, double b);

// a + alpha * b.
char *st_add(st_tensor **out, const st_tensor *a, const st_tensor *b, double alpha);

char *st_inplace(st_inplace_op op, st_tensor *a, const st_tensor *b, double alpha);
// Copies b to a, of one shape. From page-locked memory to a device, or back, the copy runs beside the host, which leaves b as it
// is until the device's stream is done.
char *st_copy_beside(st_tensor *a, const st_tensor *b);
char *st_inplace_scalar(st_inplace_scalar_op op, st_tensor *a, double b);

char *st_clamp(st_tensor **out, const st_tensor *a, double low, double high);
char *st_gelu(st_tensor **out, const st_tensor *a, bool tanh_form);
char *st_softplus(st_tensor **out, const st_tensor *a, double beta, double threshold);
char *st_leaky_relu(st_tensor **out, const st_tensor *a, double slope);
char *st_where(st_tensor **out, const st_tensor *condition, const st_tensor *a, const st_tensor *b);
char *st_masked_fill(st_tensor **out, const st_tensor *a, const st_tensor *mask, double value);

#ifdef __cplusplus
}
#endif
#endif
