// The sampling loop's own kernels: state of the lanes, draws, lists, clocks. CPU and CUDA run the same source.
#ifndef STAN_GENERATOR_H
#define STAN_GENERATOR_H

#include "vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct st_generator st_generator;

// hosts holds host_count addresses of 4 words each. Tables must lie on the generator's device and outlive it.
char *st_generator_new(st_generator **out, const st_tables *tables, int32_t width, int32_t max_days, int32_t block,
                       const uint32_t *hosts, int32_t host_count, uint64_t seed);
void st_generator_free(st_generator *g);

// Sets how strongly rows are kept to the plan: 1, or 0 (at first) to leave all to the network.
void st_generator_steer(st_generator *g, float strength);

// The tensors that a step leaves for the network, in this order, borrowed from the generator: plan, tuple_bag, tuple_mask,
// peer_bag, peer_mask, size_bag, size_numeric, size_mask, answered_bag, answered, lasted_bag, lasted, chosen_row, chosen_bag, chosen, input, joint, number, bag, numeric, memory.
#define ST_GENERATOR_TENSORS 21
char *st_generator_tensors(st_generator *g, st_tensor **out);

// What a lane is given: a host, its plans (stan::Plan, one a day), the clock's start and the end of the span in µs, and the
// rows after which it ends: below 0 for no bound; with one the last plan is repeated day by day, and must have rows.
typedef struct st_assignment {
  const void *plans;
  int64_t start;
  int64_t end;
  int64_t quota;
  int32_t lane;
  int32_t host;
  int32_t days;
} st_assignment;

// Gives n lanes, each once, a host, between two blocks.
char *st_generator_assign(st_generator *g, const st_assignment *list, int64_t n);

// One step is begin, draw for each head in order, finish. logits is [W, classes], mixture [W, 3*k] or NULL; both are used
// as scratch.
char *st_generator_begin(st_generator *g);
char *st_generator_draw(st_generator *g, int32_t head, const st_tensor *logits, const st_tensor *mixture);
char *st_generator_finish(st_generator *g);

// Tells whether any lane has a host that goes on.
char *st_generator_active(bool *out, const st_generator *g);

// Makes the tensors that st_generator_collect fills, on the host, pinned where the generator is on CUDA: the block's rows, of
// 96 bytes each [block*W*96]; int32, the host of each, -1 for none [block, W]; int32, 1 where a lane's host goes on, else 0 [W].
#define ST_GENERATOR_HOST_TENSORS 3
char *st_generator_host_tensors(const st_generator *g, st_tensor **out);

// Copies what the lanes drew. It waits for the device.
char *st_generator_collect(const st_generator *g, st_tensor *rows, st_tensor *hosts, st_tensor *active);

#ifdef __cplusplus
}
#endif
#endif
