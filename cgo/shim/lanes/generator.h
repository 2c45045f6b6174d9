// The generator's lanes: what each step of the autoregressive loop does beside the network, lane by lane.
#pragma once
#include "clock.h"
#include "places.h"
#include "ports.h"
#include "traits.h"
#include "values.h"

namespace stan {

// finish makes the row part of the lane's memory and puts it in the block.
template <class M>
STAN_HD void finish(const At<M> &at) {
  Slot &s = at.s;
  const Tables &t = at.t;
  recall(s.lane, s.row, t, at.team);
  const bool active = s.active;
  const Observed o = active ? observe(s.lane, s.row, 0, t, at.team) : Observed{0, 0, kTuples, kPeers};
  at.team.alone([&] {
    const int64_t row = int64_t(s.emitted) * at.g.width + at.i;
    at.out.hosts[row] = active ? s.host : -1;
    at.out.rows[row] = s.row;
    s.emitted = s.emitted + 1 < at.g.block ? s.emitted + 1 : 0;
    if (active && s.quota > 0 && --s.quota == 0) s.active = 0;
    row_bag(at.out.bag + int64_t(at.i) * kBag, s.row, o, t);
    row_numeric(at.out.numeric + int64_t(at.i) * kNumeric, s.row, t);
    at.out.memory[at.i] = int64_t(at.i) * kEntries + o.tuple;
    at.out.memory[at.g.width + at.i] = int64_t(at.i) * kEntries + kTuples + o.peer;
  });
}

// Known is a head that the compiler knows, so that it leaves the others out.
template <int kHead>
struct Known {
  STAN_HD constexpr operator int() const { return kHead; }
};

// draw draws a head, an int or a Known.
template <class M, class H>
STAN_HD void draw(const At<M> &at, H head, float *logits, int classes, float *mixture, int k) {
  float *l = logits + int64_t(at.i) * classes;
  float *m = mixture ? mixture + int64_t(at.i) * 3 * k : nullptr;
  switch (int(head)) {
    case kGap: return draw_gap(at, l, m, k);
    case kLabel: return draw_label(at, l);
    case kConversation: return draw_conversation(at, l);
    case kPeer: return draw_peer(at, l);
    case kRegionOfPlace: return draw_region(at, l);
    case kPlace: return draw_place(at, l);
    case kDirection: return draw_direction(at, l);
    case kProtocol: return draw_protocol(at, l);
    case kLocalPort: return draw_local_port(at, l);
    case kRemotePort: return draw_remote_port(at, l);
    case kFlags: return draw_flags(at, l);
    case kToS: return draw_tos(at, l);
    case kRepeat: return draw_repeat(at, l);
    case kPackets: return draw_packets(at, l, m, k);
    case kBytes: return draw_bytes(at, l, m, k);
    case kDuration: return draw_duration(at, l, m, k);
  }
}

}  // namespace stan
