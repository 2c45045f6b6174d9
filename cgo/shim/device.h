// Devices, as C++ sees them; included by the .cpp files of the shim only.
#ifndef STAN_DEVICE_H
#define STAN_DEVICE_H

#include <ATen/ATen.h>

#include "tensor.h"

namespace stan {

// Converts, and throws NoCUDA when d is a CUDA device that this build or machine lacks.
at::Device device(st_device d);

}  // namespace stan

#endif
