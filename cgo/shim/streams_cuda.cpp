// streams.h for a build with CUDA.
#ifdef STAN_CUDA

#include <ATen/cuda/CUDAGraph.h>
#include <c10/cuda/CUDACachingAllocator.h>
#include <c10/cuda/CUDAEvent.h>
#include <c10/cuda/CUDAFunctions.h>
#include <c10/cuda/CUDAGuard.h>
#include <c10/cuda/CUDAStream.h>
#include <cuda_runtime_api.h>

#include <cstring>

#include "internal.h"
#include "streams.h"

using c10::cuda::CUDAGuard;
using c10::cuda::CUDAStream;
using stan::guard;
using stan::ref;

struct st_event {
  c10::cuda::CUDAEvent event;
};

struct st_graph {
  at::cuda::CUDAGraph graph;
};

namespace {

// The device to use for index; -1 is the current one of the thread.
c10::DeviceIndex device_index(int8_t index) {
  const int n = c10::cuda::device_count();
  if (n == 0) throw stan::NoCUDA("no CUDA device");
  TORCH_CHECK(index < n, "CUDA device index ", static_cast<int>(index), " out of range, the machine has ", n);
  return index < 0 ? c10::cuda::current_device() : index;
}

st_stream pack(const CUDAStream &s) {
  const auto p = s.pack3();
  return {p.stream_id, static_cast<int8_t>(p.device_index)};
}

CUDAStream unpack(st_stream s) { return CUDAStream::unpack3(s.id, device_index(s.index), c10::DeviceType::CUDA); }

c10::cuda::CUDAEvent &event(st_event *e) {
  if (e == nullptr) throw stan::NoTensor("event is closed");
  return e->event;
}

at::cuda::CUDAGraph &graph(st_graph *g) {
  if (g == nullptr) throw stan::NoTensor("graph is closed");
  return g->graph;
}

}  // namespace

int32_t st_cuda_count(void) { return c10::cuda::device_count(); }

char *st_cuda_describe(int8_t index, char **name, int64_t *total_bytes, int64_t *free_bytes) {
  return guard([&] {
    const CUDAGuard on(device_index(index));
    cudaDeviceProp p{};
    C10_CUDA_CHECK(cudaGetDeviceProperties(&p, on.current_device().index()));
    size_t free = 0, total = 0;
    C10_CUDA_CHECK(cudaMemGetInfo(&free, &total));
    *total_bytes = static_cast<int64_t>(total);
    *free_bytes = static_cast<int64_t>(free);
    *name = strdup(p.name);
  });
}

char *st_cuda_synchronize(int8_t index) {
  return guard([&] {
    const CUDAGuard on(device_index(index));
    c10::cuda::device_synchronize();
  });
}

char *st_cuda_memory(int8_t index, int64_t *allocated, int64_t *reserved) {
  return guard([&] {
    const auto stats = c10::cuda::CUDACachingAllocator::getDeviceStats(device_index(index));
    *allocated = stats.allocated_bytes[0].current;
    *reserved = stats.reserved_bytes[0].current;
  });
}

char *st_cuda_empty_cache(void) {
  return guard([&] { c10::cuda::CUDACachingAllocator::emptyCache(); });
}

char *st_stream_new(st_stream *out, int8_t index, bool high_priority) {
  return guard([&] { *out = pack(c10::cuda::getStreamFromPool(high_priority, device_index(index))); });
}

char *st_stream_current(st_stream *out, int8_t index) {
  return guard([&] { *out = pack(c10::cuda::getCurrentCUDAStream(device_index(index))); });
}

char *st_stream_set(st_stream s) {
  return guard([&] { c10::cuda::setCurrentCUDAStream(unpack(s)); });
}

char *st_stream_query(st_stream s, bool *done) {
  return guard([&] { *done = unpack(s).query(); });
}

char *st_stream_synchronize(st_stream s) {
  return guard([&] { unpack(s).synchronize(); });
}

char *st_record_stream(st_tensor *t, st_stream s) {
  return guard([&] { ref(t).record_stream(unpack(s)); });
}

char *st_event_new(st_event **out, bool timing) {
  return guard([&] {
    device_index(-1);
    *out = new st_event{c10::cuda::CUDAEvent(timing ? cudaEventDefault : cudaEventDisableTiming)};
  });
}

void st_event_free(st_event *e) { delete e; }

char *st_event_record(st_event *e, st_stream s) {
  return guard([&] { event(e).record(unpack(s)); });
}

char *st_event_wait(st_event *e, st_stream s) {
  return guard([&] { event(e).block(unpack(s)); });
}

char *st_event_query(st_event *e, bool *done) {
  return guard([&] { *done = event(e).query(); });
}

char *st_event_synchronize(st_event *e) {
  return guard([&] { event(e).synchronize(); });
}

char *st_event_elapsed_ms(st_event *from, st_event *to, double *ms) {
  return guard([&] { *ms = event(from).elapsed_time(event(to)); });
}

char *st_graph_new(st_graph **out) {
  return guard([&] {
    device_index(-1);
    *out = new st_graph;
  });
}

void st_graph_free(st_graph *g) { delete g; }

char *st_graph_begin(st_graph *g) {
  // Other threads of a Go program may allocate meanwhile; only this thread's calls must be fit for capture.
  return guard([&] { graph(g).capture_begin({0, 0}, cudaStreamCaptureModeThreadLocal); });
}

char *st_graph_end(st_graph *g) {
  return guard([&] { graph(g).capture_end(); });
}

char *st_graph_replay(st_graph *g) {
  return guard([&] { graph(g).replay(); });
}

#endif
