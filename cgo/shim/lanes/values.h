// Packets, bytes and duration of a row.
#pragma once
#include "sizes.h"

namespace stan {

// least_bytes is what the headers of one packet of the row hold, those of IP (RFC 791, RFC 8200) included.
STAN_HD int64_t least_bytes(const Row &r) { return (is_ipv6(r.addr) ? 40 : 20) + (r.proto == kTCP ? 20 : 8); }

template <class M>
STAN_HD void draw_packets(const At<M> &at, float *atoms, float *mixture, int k) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const int64_t least = least_packets(s.row, t);
  Value v{s.row.packets, s.row.packets_atom};
  if (s.row.repeat == kRepeats)
    v = draw_value(atoms, mixture, k, t.packets, least, least < t.packets.most ? t.packets.most : least, at.draws(kPackets),
                   PacketsLean(at.steer()), nullptr, 0, at.team);
  at.team.alone([&] {
    s.row.packets = v.v;
    s.row.packets_atom = uint16_t(v.atom);
    at.emit(2, v.atom, packets_input(v.v));
    at.out.joint[at.i * kJoints + 1] = sized_input(s.row, t);
  });
}

// NewBytesLean leans to the sizes of a plan, and to none of those that the row was offered.
struct NewBytesLean : BytesLean {
  Offer offer;

  STAN_HD NewBytesLean(const Steer &steer, const Row &row, const Tables &t) : BytesLean(steer, row.packets), offer(steer.lane, row, t) {}

  STAN_HD float operator()(int64_t b) const {
    for (int c = 0; c < offer.n; c++)
      if (offer[c].size.bytes == b && offer[c].size.packets == packets) return -INFINITY;
    return BytesLean::operator()(b);
  }
};

template <class M>
STAN_HD void draw_bytes(const At<M> &at, float *atoms, float *mixture, int k) {
  Slot &s = at.s;
  const Tables &t = at.t;
  Value v{s.row.bytes, s.row.bytes_atom};
  if (s.row.repeat == kRepeats) {
    const int64_t packets = s.row.packets, least = least_bytes(s.row) * packets, full = int64_t(t.mtu) * packets;
    const int64_t most = full < t.bytes.most ? full : t.bytes.most;
    int64_t copies[kBytesCopies];
    s.lane.sizes.recent(size_kind(s.row, t), packets, copies);
    const Steer steer = at.steer();
    const float known = steer.away(kRepeatMark, 4), fresh = steer.to(kNewBytesMark), copy = steer.to(kCopyMark);
    for (int c = at.team.rank(); c <= t.bytes.count + kBytesCopies; c += at.team.size)
      atoms[c] += c < t.bytes.count ? known : c == t.bytes.count ? fresh : copy;
    v = draw_value(atoms, mixture, k, t.bytes, least, most < least ? least : most, at.draws(kBytes),
                   NewBytesLean(steer, s.row, t), copies, kBytesCopies, at.team);
  }
  at.team.alone([&] {
    s.row.bytes = v.v;
    s.row.bytes_atom = uint16_t(v.atom);
    at.emit(3, v.atom, bytes_input(v.v));
  });
}

template <class M>
STAN_HD void draw_duration(const At<M> &at, float *atoms, float *mixture, int k) {
  Slot &s = at.s;
  const Tables &t = at.t;
  // No flow starts before 1970, one packet lasts no time, and the bound keeps the product in range.
  const int64_t since = s.row.end > 0 && s.row.packets > 1 ? s.row.end / t.duration_tick : 0;
  const int64_t longest = since < t.duration.most ? since : t.duration.most;
  int64_t copies[kDurationCopies];
  const Row *last = answered(s.lane, s.row, s.tuple, t);
  const int64_t before = last && last->duration > 0 ? last->duration : -1;
  const int peer = find_peer(s.lane, s.row, at.team);
  const int64_t base = base_duration(s.lane, s.row, s.tuple, peer, t);
  recent_durations(s.lane, s.row, base, peer, t, copies);
  // Both directions start at about one time, and the one that ends first comes first.
  const bool shorter = before > longest || at.draws(kDuration).again(kAttempts + 1).uniform(0) < t.shorter_replies;
  const int64_t low = before < 0 || shorter ? 0 : before, high = before < 0 || !shorter || before > longest ? longest : before - 1;
  const Steer steer = at.steer();
  const float known = steer.away(kLastedMark, 2), fresh = steer.to(kFreeDurationMark), copy = steer.to(kLastedMark);
  const auto step = [=](int64_t v) { return base >= 0 && v >= base && v < base + kSteps; };
  for (int c = at.team.rank(); c <= t.duration.count + kDurationCopies; c += at.team.size)
    atoms[c] += c > t.duration.count ? copy : c == t.duration.count ? fresh : step(t.duration.exact[c]) ? -INFINITY : known;
  const Value v = draw_value(atoms, mixture, k, t.duration, low, high, at.draws(kDuration), DurationLean(steer, t.duration_tick),
                             copies, kDurationCopies, at.team);
  at.team.alone([&] {
    s.row.duration = v.v;
    s.row.duration_atom = uint16_t(atom_of(t.duration, v.v));
    at.emit(1, s.row.duration_atom, duration_input(v.v, t));
  });
}

}  // namespace stan
