#include "base.h"

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <new>
#include <string>
#include <system_error>

#include "internal.h"

namespace stan {
namespace {

std::atomic<int64_t> live{0};

char *message(char kind, const char *text) {
  const size_t n = std::strlen(text);
  char *m = static_cast<char *>(std::malloc(n + 2));
  if (m == nullptr) std::abort();  // nothing is left to report with
  m[0] = kind;
  std::memcpy(m + 1, text, n + 1);
  return m;
}

bool has(const char *text, const char *part) { return std::strstr(text, part) != nullptr; }

// libtorch throws one class for nearly everything, so the kind is read off the wording of 2.11.
char kind_of(const char *text) {
  if (has(text, "DefaultCPUAllocator") || has(text, "CUDA out of memory")) return ST_KIND_MEMORY;
  if (has(text, "same device") || has(text, "different devices")) return ST_KIND_DEVICE;
  if (has(text, "Cannot initialize CUDA") || has(text, "not linked with support for cuda") ||
      has(text, "no NVIDIA driver") || has(text, "No CUDA GPUs")) {
    return ST_KIND_NOCUDA;
  }
  for (const char *part : {"dtype", "scalar type", "result type"}) {
    if (has(text, part)) return ST_KIND_TYPE;
  }
  for (const char *part : {"size", "shape", "dimension", "Dimension", "out of range", "out of bounds", "must match",
                           "expanded", "dims", "1D", "2D"}) {
    if (has(text, part)) return ST_KIND_SHAPE;
  }
  return ST_KIND_TORCH;
}

}  // namespace

char *caught() noexcept {
  try {
    throw;
  } catch (const NoTensor &e) {
    return message(ST_KIND_HANDLE, e.what());
  } catch (const NoCUDA &e) {
    return message(ST_KIND_NOCUDA, e.what());
  } catch (const c10::OutOfMemoryError &e) {
    return message(ST_KIND_MEMORY, e.what_without_backtrace());
  } catch (const c10::TypeError &e) {
    return message(ST_KIND_TYPE, e.what_without_backtrace());
  } catch (const c10::Error &e) {
    return message(kind_of(e.what_without_backtrace()), e.what_without_backtrace());
  } catch (const std::bad_alloc &e) {
    return message(ST_KIND_MEMORY, e.what());
  } catch (const std::system_error &e) {
    return message(ST_KIND_SYSTEM, (std::to_string(e.code().value()) + " " + e.what()).c_str());
  } catch (const std::exception &e) {
    return message(kind_of(e.what()), e.what());
  } catch (...) {
    return message(ST_KIND_TORCH, "unknown exception");
  }
}

st_tensor *own(at::Tensor t) {
  auto *p = new at::Tensor(std::move(t));
  live.fetch_add(1, std::memory_order_relaxed);
  return reinterpret_cast<st_tensor *>(p);
}

}  // namespace stan

void st_free_message(char *message) { std::free(message); }

void st_tensor_free(st_tensor *t) {
  if (t == nullptr) return;
  delete reinterpret_cast<at::Tensor *>(t);
  stan::live.fetch_sub(1, std::memory_order_relaxed);
}

void st_tensor_free_many(st_tensor *const *ts, int64_t n) {
  for (int64_t i = 0; i < n; i++) st_tensor_free(ts[i]);
}

int64_t st_live_handles(void) { return stan::live.load(std::memory_order_relaxed); }
