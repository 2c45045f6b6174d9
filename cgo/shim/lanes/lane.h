// A lane is the memory of one host's stream: its recent conversations and peers, its plan for the day and what of it is done.
// Training replays recorded rows through it, generating feeds it the rows it draws: the same code either way.
#pragma once
#include "tables.h"

namespace stan {

constexpr int kTuples = 16, kPeers = 24;
constexpr int kEntries = kTuples + kPeers;
constexpr int kMarks = 7 + 2 * kServices + 23;
constexpr int kPlan = 2 * kMarks + 11;  // numeric inputs about the plan
constexpr int kNumeric = 8;             // numeric inputs of a row
constexpr int kCandidateBag = 4;        // discrete inputs of a candidate
constexpr int kAgeRows = 16, kAgeTime = 18, kCounts = 8;
constexpr int kCandidateRows = kAgeRows + kAgeTime + kCounts;  // table rows before the ranks
constexpr float kShrink = 32;  // rows of the day's mean that what is still to come is mixed with

// Entry is a remembered row: the last of its conversation, or of its peer.
struct Entry {
  Row row;
  int32_t ref;       // where the row's embedding lies
  int32_t position;  // of the row in the stream
  int32_t count;     // rows of this conversation or peer so far, 0 for an unused entry
  int16_t tuple_rank, peer_rank;  // at which the row was found when it came
};

// List holds entries in slots that never move; order tells their ranks, most recent first.
template <int N>
struct List {
  Entry slot[N];
  uint8_t order[N];
  int32_t used;

  STAN_HD void clear() {
    used = 0;
    for (int i = 0; i < N; i++) {
      order[i] = uint8_t(i);
      slot[i].count = 0;
    }
  }

  STAN_HD int rank_of(int s) const {
    for (int r = 0; r < used; r++)
      if (order[r] == s) return r;
    return N;
  }

  template <class Same>
  STAN_HD int find(const Row &row, Same same) const {
    for (int r = 0; r < used; r++)
      if (same(slot[order[r]].row, row)) return order[r];
    return N;
  }

  // touch moves the slot that holds the row's key to the front, taking a new one or the oldest for a new key.
  STAN_HD int touch(int found, const Row &row, int32_t ref, int32_t position) {
    int rank;
    if (found < N) {
      rank = rank_of(found);
    } else {
      rank = used < N ? used++ : N - 1;
      slot[order[rank]].count = 0;
    }
    const uint8_t s = order[rank];
    for (int r = rank; r > 0; r--) order[r] = order[r - 1];
    order[0] = s;
    slot[s].row = row;
    slot[s].ref = ref;
    slot[s].position = position;
    slot[s].count++;
    return s;
  }
};

// Plan is what a host is to do on one day: how often each mark, and how many rows each hour.
struct Plan {
  int64_t day;  // days since 1970
  int32_t rows;
  int32_t hour_rows[24];
  float mean[kMarks];
};

struct Lane {
  int64_t now;       // end of the last row, µs
  int32_t position;  // rows so far
  int32_t has_previous;
  Row previous;
  List<kTuples> tuples;
  List<kPeers> peers;
  Plan plan;
  int32_t done;            // rows of the plan's day
  int32_t hour_done[24];
  float sum[kMarks];       // of the rows done

  STAN_HD void forget() {
    position = 0;
    has_previous = 0;
    tuples.clear();
    peers.clear();
  }

  STAN_HD void start_day(const Plan &p) {
    plan = p;
    done = 0;
    for (int h = 0; h < 24; h++) hour_done[h] = 0;
    for (int m = 0; m < kMarks; m++) sum[m] = 0;
  }
};

struct SameConversation {
  STAN_HD bool operator()(const Row &a, const Row &b) const { return same_conversation(a, b); }
};
struct SameRemote {
  STAN_HD bool operator()(const Row &a, const Row &b) const { return same_remote(a, b); }
};

STAN_HD int find_tuple(const Lane &lane, const Row &row) { return lane.tuples.find(row, SameConversation()); }
STAN_HD int find_peer(const Lane &lane, const Row &row) { return lane.peers.find(row, SameRemote()); }

STAN_HD float seconds(int64_t ticks, int64_t tick) { return float(ticks) * (float(tick) * 1e-6f); }

// marks describes one row by kMarks numbers of about 0 to 1, whose means over a day are the host's profile. tuple and peer
// are the slots the row was found in before it was observed.
STAN_HD void marks(float *m, const Row &row, const Lane &lane, int tuple, int peer, const Tables &t) {
  int n = 0;
  m[n++] = row.outbound;
  m[n++] = row.proto == kTCP;
  m[n++] = row.proto == kUDP;
  m[n++] = row.proto == kICMP;
  m[n++] = row.proto != kTCP && row.proto != kUDP && row.proto != kICMP;
  const bool ports = has_ports(row.proto);
  m[n++] = ports && row.lport < 1024;
  m[n++] = ports && row.rport < 1024;
  const uint8_t lservice = ports ? t.port_service[row.lport] : kNoService;
  const uint8_t rservice = ports ? t.port_service[row.rport] : kNoService;
  for (int s = 0; s < kServices; s++) m[n++] = lservice == s;
  for (int s = 0; s < kServices; s++) m[n++] = rservice == s;
  m[n++] = logf(float(row.bytes) + 1) / 16;
  m[n++] = logf(float(row.packets) + 1) / 10;
  m[n++] = logf(1000 * seconds(row.duration, t.duration_tick) + 1) / 14;
  m[n++] = logf((float(row.bytes) + 1) / (float(row.packets) + 1)) / 8;
  m[n++] = row.packets == 1;
  m[n++] = row.duration == 0;
  m[n++] = row.bytes >= 10000;
  m[n++] = row.bytes >= 1000000;
  const bool tcp = row.proto == kTCP;
  m[n++] = tcp && row.flags == 2;
  m[n++] = tcp && (row.flags & 4) != 0;
  m[n++] = tcp && (row.flags & 1) != 0;
  m[n++] = tcp && (row.flags & 8) != 0;
  m[n++] = tuple < kTuples;
  m[n++] = tuple == kTuples && peer < kPeers;
  const bool fresh = peer == kPeers;
  m[n++] = fresh && t.place_bits[row.place] == 128;
  m[n++] = fresh && t.place_bits[row.place] < 128;
  m[n++] = row.place == 0;
  m[n++] = row.gap == 0;
  m[n++] = logf(seconds(row.gap, t.gap_tick) + 1) / 7;
  m[n++] = row.tos != 0;
  const bool again = lane.has_previous && same_remote(lane.previous, row);
  m[n++] = again;
  const bool whole = again && same_conversation(lane.previous, row);
  m[n++] = whole && lane.previous.outbound != row.outbound;
  m[n++] = whole && lane.previous.outbound == row.outbound;
}

struct Observed {
  int tuple, peer;            // slots the row went to
  int tuple_rank, peer_rank;  // ranks it was found at, kTuples and kPeers for new ones
};

// observe makes the row part of the lane's memory.
STAN_HD Observed observe(Lane &lane, const Row &row, int32_t ref, const Tables &t) {
  const int tuple = find_tuple(lane, row), peer = find_peer(lane, row);
  Observed o;
  o.tuple_rank = tuple < kTuples ? lane.tuples.rank_of(tuple) : kTuples;
  o.peer_rank = peer < kPeers ? lane.peers.rank_of(peer) : kPeers;
  float m[kMarks];
  marks(m, row, lane, tuple, peer, t);
  for (int i = 0; i < kMarks; i++) lane.sum[i] += m[i];
  lane.done++;
  lane.hour_done[(row.end - day_of(row.end) * kDay) / kHour]++;
  o.tuple = lane.tuples.touch(tuple, row, ref, lane.position);
  o.peer = lane.peers.touch(peer, row, ref, lane.position);
  Entry &a = lane.tuples.slot[o.tuple], &b = lane.peers.slot[o.peer];
  a.tuple_rank = b.tuple_rank = int16_t(o.tuple_rank);
  a.peer_rank = b.peer_rank = int16_t(o.peer_rank);
  lane.position++;
  lane.now = row.end;
  lane.previous = row;
  lane.has_previous = 1;
  return o;
}

}  // namespace stan
