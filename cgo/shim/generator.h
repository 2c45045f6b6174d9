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
// peer_bag, peer_mask, chosen_row, chosen_bag, chosen, input, number, bag, numeric, memory.
#define ST_GENERATOR_TENSORS 13
char *st_generator_tensors(st_generator *g, st_tensor **out);

// Gives a lane a host, between two blocks: its plans (stan::Plan, one a day), the clock's start and the end of the span in
// µs, and the rows after which it ends: below 0 for no bound; with one the last plan is repeated day by day, and must have
// rows.
char *st_generator_assign(st_generator *g, int32_t lane, int32_t host, const void *plans, int32_t days, int64_t start,
                          int64_t end, int64_t quota);

// One step is begin, draw for each head in order, finish. logits is [W, classes], mixture [W, 3*k] or NULL; both are used
// as scratch.
char *st_generator_begin(st_generator *g);
char *st_generator_draw(st_generator *g, int32_t head, const st_tensor *logits, const st_tensor *mixture);
char *st_generator_finish(st_generator *g);

// Copies the block's rows [block, W] of 88 bytes, the host of each (-1 for none), and which lanes are still active [W].
char *st_generator_collect(st_generator *g, void *rows, int32_t *hosts, int32_t *active);

#ifdef __cplusplus
}
#endif
#endif
