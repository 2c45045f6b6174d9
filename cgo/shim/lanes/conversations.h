// Which remembered conversation or peer a row belongs to, if any.
#pragma once
#include "slot.h"

namespace stan {

template <class M, int N>
STAN_HD void candidates(const At<M> &at, const List<N> &list, int64_t *bag, float *mask, int64_t now) {
  for (int k = at.team.rank(); k < N; k += at.team.size) {
    const bool used = k < list.used;
    int64_t *b = bag + (int64_t(at.i) * N + k) * kCandidateBag;
    b[0] = 0;
    b[1] = kAgeRows;
    b[2] = kAgeRows + kAgeTime;
    b[3] = kCandidateRows;
    if (used) candidate_bag(b, list.slot[k], list.rank_of(k), at.s.lane.position, now);
    mask[int64_t(at.i) * N + k] = used ? 0.0f : -1e9f;
  }
}

// choose tells the network of the entry that the row follows, and gives the row its remote. One member calls it.
template <class M>
STAN_HD void choose(const At<M> &at, const Entry &e, int rank, int memory, int64_t table_start) {
  int64_t b[kCandidateBag];
  candidate_bag(b, e, rank, at.s.lane.position, at.s.row.end);
  at.out.chosen_row[at.i] = int64_t(at.i) * kEntries + memory;
  at.out.chosen[at.i] = 1;
  for (int k = 0; k < kCandidateBag; k++) at.out.chosen_bag[int64_t(at.i) * kCandidateBag + k] = table_start + b[k];
  for (int k = 0; k < 4; k++) at.s.row.addr[k] = e.row.addr[k];
  at.s.row.place = e.row.place;
}

// FlowLean leans to flows like a row: of its protocol, and of its service on either side, or of none.
struct FlowLean {
  const Steer &steer;
  const Tables &t;
  GroupLean<4> protocols;

  STAN_HD FlowLean(const Steer &s, const Tables &tables) : steer(s), t(tables), protocols(s, kProtocolMark) {}

  STAN_HD float operator()(const Row &row) const {
    const uint8_t local = service_of(row.lport, row.proto, t), remote = service_of(row.rport, row.proto, t);
    float lean = protocols.of[protocol_group(row.proto)];
    if (local != kNoService) lean += steer.to(kLocalServices + local);
    if (remote != kNoService) lean += steer.to(kRemoteServices + remote);
    if (without_service(row.lport, row.rport, row.proto, t)) lean += steer.to(kNoServiceMark);
    return lean_of(lean);
  }
};

template <class M>
STAN_HD void draw_conversation(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const int used = s.lane.tuples.used;
  const Steer steer = at.steer();
  const float again = steer.to(kTupleMark), other = steer.to(kPeerMark, 4);
  const FlowLean like(steer, at.t);
  for (int c = at.team.rank(); c <= kTuples; c += at.team.size)
    logits[c] += c < used ? again + like(s.lane.tuples.slot[c].row) : other;
  const int tuple = draw_class(logits, kTuples + 1, at.draws(kConversation).uniform(0),
                               [=](int c) { return c < used || c == kTuples; }, at.team);
  const int rank = tuple < kTuples ? s.lane.tuples.rank_of(tuple, at.team) : kTuples;
  at.team.alone([&] {
    s.tuple = tuple;
    s.peer = kPeers;
    at.out.chosen_row[at.i] = int64_t(at.i) * kEntries;
    at.out.chosen[at.i] = 0;
    for (int k = 0; k < kCandidateBag; k++) at.out.chosen_bag[int64_t(at.i) * kCandidateBag + k] = 2 * kCandidateRows + kEntries;
    if (tuple == kTuples) return;
    const Entry &e = s.lane.tuples.slot[tuple];
    choose(at, e, rank, tuple, 0);
    Row &r = s.row;
    r.proto = e.row.proto;
    r.proto_class = e.row.proto_class;
    r.lport = e.row.lport;
    r.rport = e.row.rport;
    r.lport_class = e.row.lport_class;
    r.rport_class = e.row.rport_class;
  });
}

template <class M>
STAN_HD void draw_peer(const At<M> &at, float *logits) {
  Slot &s = at.s;
  if (s.tuple < kTuples) return;
  const int used = s.lane.peers.used;
  const Steer steer = at.steer();
  const float again = steer.to(kPeerMark), other = steer.to(kNewMark, 3);
  const FlowLean like(steer, at.t);
  for (int c = at.team.rank(); c <= kPeers; c += at.team.size)
    logits[c] += c < used ? again + like(s.lane.peers.slot[c].row) : other;
  const int peer = draw_class(logits, kPeers + 1, at.draws(kPeer).uniform(0), [=](int c) { return c < used || c == kPeers; },
                              at.team);
  const int rank = peer < kPeers ? s.lane.peers.rank_of(peer, at.team) : kPeers;
  at.team.alone([&] {
    s.peer = peer;
    if (peer < kPeers) choose(at, s.lane.peers.slot[peer], rank, kTuples + peer, kCandidateRows + kTuples);
  });
}

}  // namespace stan
