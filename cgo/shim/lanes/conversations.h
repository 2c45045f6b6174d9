// Which remembered conversation or peer a row belongs to, if any.
#pragma once
#include "slot.h"

namespace stan {

template <int N>
STAN_HD void candidates(const At &at, const List<N> &list, int64_t *bag, float *mask, int32_t position, int64_t now) {
  int rank[N];
  for (int r = 0; r < list.used; r++) rank[list.order[r]] = r;
  for (int k = 0; k < N; k++) {
    const bool used = k < list.used;
    int64_t *b = bag + (int64_t(at.i) * N + k) * kCandidateBag;
    b[0] = 0;
    b[1] = kAgeRows;
    b[2] = kAgeRows + kAgeTime;
    b[3] = kCandidateRows;
    if (used) candidate_bag(b, list.slot[k], rank[k], position, now);
    mask[int64_t(at.i) * N + k] = used ? 0.0f : -1e9f;
  }
}

STAN_HD void choose(const At &at, const Entry &e, int rank, int memory, int64_t table_start) {
  int64_t b[kCandidateBag];
  candidate_bag(b, e, rank, at.s.lane.position, at.s.row.end);
  at.out.chosen_row[at.i] = int64_t(at.i) * kEntries + memory;
  at.out.chosen[at.i] = 1;
  for (int k = 0; k < kCandidateBag; k++) at.out.chosen_bag[int64_t(at.i) * kCandidateBag + k] = table_start + b[k];
  for (int k = 0; k < 4; k++) at.s.row.addr[k] = e.row.addr[k];
  at.s.row.place = e.row.place;
}

STAN_HD void draw_conversation(const At &at, float *logits) {
  Slot &s = at.s;
  const int used = s.lane.tuples.used;
  const Steer steer = at.steer();
  const float again = steer.to(kTupleMark), other = steer.to(kPeerMark, 4);
  for (int c = 0; c <= kTuples; c++) logits[c] += c < kTuples ? again : other;
  s.tuple = draw_class(logits, kTuples + 1, at.draws(kConversation).uniform(0),
                       [=](int c) { return c < used || c == kTuples; });
  s.peer = kPeers;
  at.out.chosen_row[at.i] = int64_t(at.i) * kEntries;
  at.out.chosen[at.i] = 0;
  for (int k = 0; k < kCandidateBag; k++) at.out.chosen_bag[int64_t(at.i) * kCandidateBag + k] = 2 * kCandidateRows + kEntries;
  if (s.tuple == kTuples) return;
  const Entry &e = s.lane.tuples.slot[s.tuple];
  choose(at, e, s.lane.tuples.rank_of(s.tuple), s.tuple, 0);
  Row &r = s.row;
  r.proto = e.row.proto;
  r.proto_class = e.row.proto_class;
  r.lport = e.row.lport;
  r.rport = e.row.rport;
  r.lport_class = e.row.lport_class;
  r.rport_class = e.row.rport_class;
}

STAN_HD void draw_peer(const At &at, float *logits) {
  Slot &s = at.s;
  if (s.tuple < kTuples) return;
  const int used = s.lane.peers.used;
  const Steer steer = at.steer();
  const float again = steer.to(kPeerMark), other = steer.to(kNewMark, 3);
  for (int c = 0; c <= kPeers; c++) logits[c] += c < kPeers ? again : other;
  s.peer = draw_class(logits, kPeers + 1, at.draws(kPeer).uniform(0), [=](int c) { return c < used || c == kPeers; });
  if (s.peer == kPeers) return;
  choose(at, s.lane.peers.slot[s.peer], s.lane.peers.rank_of(s.peer), kTuples + s.peer, kCandidateRows + kTuples);
}

}  // namespace stan
