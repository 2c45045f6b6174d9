// The rows that a network learns from, and their replay into batches of training windows.
#ifndef STAN_CORPUS_H
#define STAN_CORPUS_H

#include "vocabulary.h"

#ifdef __cplusplus
extern "C" {
#endif

// Sizes that the Go side lays its modules out by; they are those of lanes/*.h.
typedef struct st_sizes_of {
  int32_t row_bytes, plan_bytes, marks, tuples, peers, bag, numeric, plan_inputs, clock, candidate_bag, candidate_rows, copies,
      services, heads, region, duration_copies, bytes_copies, repeats, size_numeric, size_rows, met, kind_rows, joint_rows,
      answered, lasted;
} st_sizes_of;
void st_lane_sizes(st_sizes_of *out);

typedef struct st_corpus st_corpus;

// A corpus borrows its tables, which must live on the CPU and outlive it. Up to memory bytes of it are held, the others are
// written to the open file fd, from its start, which must outlive it too and be nobody else's. With fd -1 all are held.
// Beside both, 40 bytes a stream and a page of 64 KiB of each kind (row, snapshot, day) are held always.
char *st_corpus_new(st_corpus **out, const st_tables *tables, int64_t memory, int32_t fd);
void st_corpus_free(st_corpus *c);

// Bytes that are held and that lie in the file.
void st_corpus_bytes(const st_corpus *c, int64_t *held, int64_t *written);

// Copies n rows to the end of the corpus, as the next ones of its last stream or as the first of a new one. After an error
// it can be freed and no more.
char *st_corpus_append(st_corpus *c, const void *rows, int64_t n, bool new_stream);

// The days of all streams in order: how many, and n of them from a day on, each as a stan::Plan with the stream it belongs to.
int64_t st_corpus_days(const st_corpus *c);
char *st_corpus_plans(const st_corpus *c, int64_t from, int64_t n, void *plans, int32_t *streams);

// Rows of no recent peer whose place is a network: how many of them there were (rows) and how many came back to a remote that
// the stream had met (returns), [2, met + 1] each: networks that the vocabulary knows and any address, by the number of
// remotes that a row could come back to.
void st_corpus_returns(const st_corpus *c, int64_t *rows, int64_t *returns);

// A training window: length rows from row, preceded by context rows where the stream has them. A cold one forgets all
// rows before it, as a generated host does at its start. One with a foreign past has the last foreign_rows rows before it
// replaced by as many of another stream from row foreign, at the times of its own: a generated stream has strayed at times,
// and is to find back to its plan. With a blur above 0 the plan's means are told off by that share of a row's standard
// deviation, as noise_seed draws it: a plan is no portrait by which to know a host.
typedef struct st_chunk {
  int64_t row;
  int64_t foreign;
  uint64_t noise_seed;
  float blur;
  int32_t foreign_rows;
  int32_t cold;
} st_chunk;

// The tensors of a batch of B chunks, T = context + length positions, E = tuples + peers remembered rows, and S scored
// rows, the last of which is an empty one that padding points to.
enum {
  ST_BATCH_BAG,          // [B*(E+T), bag] int64
  ST_BATCH_NUMERIC,      // [B*(E+T), numeric] float32
  ST_BATCH_VALID,        // [B, T, 1] float32, 1 where a position holds a row
  ST_BATCH_PLAN,         // [B, T, plan_inputs] float32, as known before the row
  ST_BATCH_POSITION,     // [S] int64 into B*T
  ST_BATCH_ROW,          // [S] int64 into B*(E+T)
  ST_BATCH_WEIGHT,       // [S] float32, 1 for a row, 0 for padding
  ST_BATCH_TARGET,       // [S, heads] int64, -100 where the attribute is not drawn
  ST_BATCH_REST,         // [S, heads] float32, nats that the network does not model: a value inside its class
  ST_BATCH_BOUNDS,       // [S, 8] float32, lower and upper bin edges of gap, duration, packets, bytes
  ST_BATCH_TUPLE_ROW,    // [S, tuples] int64 into B*(E+T)
  ST_BATCH_TUPLE_BAG,    // [S, tuples, candidate_bag] int64
  ST_BATCH_TUPLE_MASK,   // [S, tuples] float32, 0 or -1e9
  ST_BATCH_PEER_ROW,     // the same for peers
  ST_BATCH_PEER_BAG,
  ST_BATCH_PEER_MASK,
  ST_BATCH_SIZE_BAG,     // [S, repeats, size_bag] int64
  ST_BATCH_SIZE_NUMERIC, // [S, repeats, size_numeric] float32
  ST_BATCH_SIZE_MASK,    // [S, repeats] float32, 0 or -1e9
  ST_BATCH_JOINT,        // [S, 2] int64 below joint_rows: the kind of flow, and its packets among those of the kind
  ST_BATCH_ANSWERED_BAG, // [S, answered] int64 below exact packets + exact bytes + 4: the size of what a row answers
  ST_BATCH_ANSWERED,     // [S, answered] float32, where packets and bytes lie on their axes, 0 where there is none
  ST_BATCH_LASTED_BAG,   // [S, lasted] int64 below lasted * (exact durations + 2): the durations that a row's is likely to be near to
  ST_BATCH_LASTED,       // [S, lasted] float32, where they lie on the axis of durations, 0 where there is none
  ST_BATCH_CHOSEN_ROW,   // [S] int64 into B*(E+T)
  ST_BATCH_CHOSEN_BAG,   // [S, candidate_bag] int64
  ST_BATCH_CHOSEN,       // [S, 1] float32, 1 where a conversation or peer was chosen
  ST_BATCH_FRESH,        // [..] int64 into S: rows of no recent conversation
  ST_BATCH_NEW,          // rows of no recent peer
  ST_BATCH_LPORT,        // rows whose local port is drawn
  ST_BATCH_RPORT,        // rows whose remote port is drawn
  ST_BATCH_GAP_MIX,      // rows whose gap is none of the exact values
  ST_BATCH_DURATION_MIX,
  ST_BATCH_SIZED,        // rows that repeat no size
  ST_BATCH_PACKETS_MIX,  // [..] int64 into these
  ST_BATCH_BYTES_MIX,
  ST_BATCH_COUNT
};

// even pads S and the lists of rows to what n full windows take at most: the shapes then depend on n alone.
char *st_corpus_replay(st_tensor **out, const st_corpus *c, const st_chunk *chunks, int64_t n, int32_t context,
                       int32_t length, bool even);

#ifdef __cplusplus
}
#endif
#endif
