// Devices, CUDA streams, events and graphs. A build without CUDA has every entry; those that need CUDA return a
// message of kind ST_KIND_NOCUDA.
#ifndef STAN_STREAMS_H
#define STAN_STREAMS_H

#include "tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

bool st_cuda_available(void);
bool st_cudnn_available(void);

// The number of CUDA devices, 0 without CUDA.
int32_t st_cuda_count(void);

// Name and memory of CUDA device index. The caller frees name with st_free_message.
char *st_cuda_describe(int8_t index, char **name, int64_t *total_bytes, int64_t *free_bytes);
char *st_cuda_synchronize(int8_t index);

// A stream: where it runs and libtorch's own number for it.
typedef struct st_stream {
  int64_t id;
  int8_t index;
} st_stream;

char *st_stream_new(st_stream *out, int8_t index, bool high_priority);
char *st_stream_current(st_stream *out, int8_t index);

// Makes s current for the calling thread.
char *st_stream_set(st_stream s);
char *st_stream_query(st_stream s, bool *done);
char *st_stream_synchronize(st_stream s);

typedef struct st_event st_event;

char *st_event_new(st_event **out, bool timing);
void st_event_free(st_event *e);
char *st_event_record(st_event *e, st_stream s);

// Makes later work of s wait for e.
char *st_event_wait(st_event *e, st_stream s);
char *st_event_query(st_event *e, bool *done);
char *st_event_synchronize(st_event *e);
char *st_event_elapsed_ms(st_event *from, st_event *to, double *ms);

typedef struct st_graph st_graph;

char *st_graph_new(st_graph **out);
void st_graph_free(st_graph *g);

// Between begin and end the calling thread's current stream, which must not be the default one, records its work.
char *st_graph_begin(st_graph *g);
char *st_graph_end(st_graph *g);
char *st_graph_replay(st_graph *g);

// Tells the caching allocator that s uses t, so that its memory is not given out before s is done.
char *st_record_stream(st_tensor *t, st_stream s);

// Bytes that the caching allocator of a device has given out, and holds.
char *st_cuda_memory(int8_t index, int64_t *allocated, int64_t *reserved);
char *st_cuda_empty_cache(void);

#ifdef __cplusplus
}
#endif
#endif
