// streams.h for a build without CUDA.
#ifndef STAN_CUDA

#include "internal.h"
#include "streams.h"

namespace {

char *no_cuda() {
  return stan::guard([] { throw stan::NoCUDA("this build has no CUDA"); });
}

}  // namespace

int32_t st_cuda_count(void) { return 0; }
char *st_cuda_describe(int8_t, char **, int64_t *, int64_t *) { return no_cuda(); }
char *st_cuda_synchronize(int8_t) { return no_cuda(); }
char *st_cuda_memory(int8_t, int64_t *, int64_t *) { return no_cuda(); }
char *st_cuda_empty_cache(void) { return no_cuda(); }
char *st_stream_new(st_stream *, int8_t, bool) { return no_cuda(); }
char *st_stream_current(st_stream *, int8_t) { return no_cuda(); }
char *st_stream_set(st_stream) { return no_cuda(); }
char *st_stream_query(st_stream, bool *) { return no_cuda(); }
char *st_stream_synchronize(st_stream) { return no_cuda(); }
char *st_record_stream(st_tensor *, st_stream) { return no_cuda(); }
char *st_event_new(st_event **, bool) { return no_cuda(); }
void st_event_free(st_event *) {}
char *st_event_record(st_event *, st_stream) { return no_cuda(); }
char *st_event_wait(st_event *, st_stream) { return no_cuda(); }
char *st_event_query(st_event *, bool *) { return no_cuda(); }
char *st_event_synchronize(st_event *) { return no_cuda(); }
char *st_event_elapsed_ms(st_event *, st_event *, double *) { return no_cuda(); }
char *st_graph_new(st_graph **) { return no_cuda(); }
void st_graph_free(st_graph *) {}
char *st_graph_begin(st_graph *) { return no_cuda(); }
char *st_graph_end(st_graph *) { return no_cuda(); }
char *st_graph_replay(st_graph *) { return no_cuda(); }

#endif
