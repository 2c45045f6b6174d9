// The whole C ABI of the shim, for a reader and for C programs. Go files include the header of their topic.
#ifndef STAN_SHIM_H
#define STAN_SHIM_H

#include "autograd.h"
#include "base.h"
#include "elementwise.h"
#include "index.h"
#include "linalg.h"
#include "nn.h"
#include "optim.h"
#include "random.h"
#include "reduce.h"
#include "runtime.h"
#include "shape.h"
#include "streams.h"
#include "tensor.h"

#endif
