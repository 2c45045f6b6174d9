#include "device.h"

#include "streams.h"
#include "internal.h"

namespace stan {

at::Device device(st_device d) {
  const auto type = static_cast<at::DeviceType>(d.type);
  TORCH_CHECK(type == at::kCPU || type == at::kCUDA, "device type ", static_cast<int>(d.type), ", want 0 (CPU) or 1 (CUDA)");
  if (type == at::kCPU) return at::Device(at::kCPU);
  if (!at::hasCUDA()) throw NoCUDA("no CUDA device");
  return at::Device(type, d.index);
}

}  // namespace stan

bool st_cuda_available(void) { return at::hasCUDA(); }

bool st_cudnn_available(void) { return at::hasCUDA() && at::globalContext().hasCuDNN(); }
