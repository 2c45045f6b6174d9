// Which size of before a row has, packets and bytes at once, if any.
#pragma once
#include "slot.h"

namespace stan {

// least_packets is what the row's flags take.
STAN_HD int64_t least_packets(const Row &r, const Tables &t) { return (t.flags_protos[r.flags_class] & kSeveralPackets) != 0 ? 2 : 1; }

// offer_sizes shows the network the sizes that the row may repeat.
template <class M>
STAN_HD void offer_sizes(const At<M> &at) {
  const Offer offer(at.s.lane, at.s.row, at.t);
  const Row *last = answered(at.s.lane, at.s.row, at.s.tuple, at.t);
  for (int c = at.team.rank(); c < kRepeats; c += at.team.size) {
    const int64_t k = int64_t(at.i) * kRepeats + c;
    size_inputs(at.out.size_bag + k * kSizeBag, at.out.size_numeric + k * kSizeNumeric, at.out.size_mask + k, offer, c, at.s.lane,
                at.s.row, last, at.t);
  }
  at.team.alone([&] {
    answered_inputs(at.out.answered_bag + int64_t(at.i) * kAnswered, at.out.answered + int64_t(at.i) * kAnswered, last, at.t);
  });
}

// tell_durations tells the network how long flows lasted that the row's duration is likely to be near to.
template <class M>
STAN_HD void tell_durations(const At<M> &at) {
  const int peer = find_peer(at.s.lane, at.s.row, at.team);
  for (int i = at.team.rank(); i < kLasted; i += at.team.size) {
    const int64_t k = int64_t(at.i) * kLasted + i;
    lasted_input(at.out.lasted_bag + k, at.out.lasted + k, i, at.s.lane, at.s.row, at.s.tuple, peer, at.t);
  }
}

template <class M>
STAN_HD void draw_repeat(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const Offer offer(s.lane, s.row, at.t);
  const int64_t least = least_packets(s.row, at.t);
  const Steer steer = at.steer();
  const float known = steer.to(kRepeatMark), unknown = steer.to(kRepeatMark + 1), other = steer.away(kRepeatMark, 2);
  const PacketsLean packets(steer);
  const GroupLean<7> sizes(steer, kSizeMark);
  for (int c = at.team.rank(); c <= kRepeats; c += at.team.size) {
    if (c >= offer.n) {
      logits[c] += other;
      continue;
    }
    const Size &of = offer[c].size;
    logits[c] += (offer[c].bytes_atom < at.t.bytes.count ? known : unknown) + packets(of.packets) +
                 lean_of(sizes.of[size_group(of.bytes, of.packets)]);
  }
  const int c = draw_class(logits, kRepeats + 1, at.draws(kRepeat).uniform(0),
                           [&](int k) { return k == kRepeats || (k < offer.n && offer[k].size.packets >= least); }, at.team);
  at.team.alone([&] {
    s.row.repeat = uint8_t(c);
    if (c < kRepeats) {
      const SizeEntry &e = offer[c];
      s.row.packets = e.size.packets;
      s.row.bytes = e.size.bytes;
      s.row.packets_atom = e.packets_atom;
      s.row.bytes_atom = e.bytes_atom;
    }
    at.emit(14, c, 0);
  });
}

}  // namespace stan
