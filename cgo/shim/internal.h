// C++ side of the handle and the error rule; included by every .cpp and .cu of the shim, never by Go.
#ifndef STAN_INTERNAL_H
#define STAN_INTERNAL_H

#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <stdexcept>
#include <vector>

#include "base.h"

namespace stan {

// Thrown where CUDA is asked for and missing; its message gets ST_KIND_NOCUDA.
struct NoCUDA : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Thrown for a NULL handle; its message gets ST_KIND_HANDLE.
struct NoTensor : std::runtime_error {
  explicit NoTensor(const char *what = "tensor is nil or was freed") : std::runtime_error(what) {}
};

// Returns the message of the exception being handled. Call it inside a catch block only.
char *caught() noexcept;

// Gives the calling thread the thread count of st_set_num_threads; see runtime.cpp for why each call asks.
void enter_thread();

// Runs f; whatever it throws becomes a message.
template <class F>
char *guard(F &&f) noexcept {
  try {
    enter_thread();
    f();
    return nullptr;
  } catch (...) {
    return caught();
  }
}

// Wraps t in a new handle that the receiver owns.
st_tensor *own(at::Tensor t);

// Borrows the tensor of a handle.
inline at::Tensor &ref(const st_tensor *t) {
  if (t == nullptr) throw NoTensor();
  return *reinterpret_cast<at::Tensor *>(const_cast<st_tensor *>(t));
}

// Borrows the tensor of a handle that may be NULL.
inline std::optional<at::Tensor> opt(const st_tensor *t) {
  if (t == nullptr) return std::nullopt;
  return ref(t);
}

inline std::vector<at::Tensor> list(st_tensor *const *ts, int64_t n) {
  std::vector<at::Tensor> v;
  v.reserve(n);
  for (int64_t i = 0; i < n; i++) v.push_back(ref(ts[i]));
  return v;
}

inline at::IntArrayRef ints(const int64_t *v, int64_t n) { return at::IntArrayRef(v, static_cast<size_t>(n)); }

}  // namespace stan

#endif
