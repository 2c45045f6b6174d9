// Attributes of few classes: label, direction, protocol, flags and type of service.
#pragma once
#include "sizes.h"

namespace stan {

// draw_label draws a label that the plan has, or one without a mark.
template <class M>
STAN_HD void draw_label(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const int labels = at.t.labels;
  const Steer steer = at.steer();
  const float *mean = s.lane.plan.mean + kLabelMark - 1, *sum = s.lane.sum + kLabelMark - 1;  // of label 1 on
  const auto marked = [](int c) { return c > 0 && c <= kLabelMarks; };
  float other_mean = 1, other_sum = float(s.lane.done);
  for (int c = 1; marked(c); c++) {
    other_mean -= mean[c];
    other_sum -= sum[c];
  }
  const float other = steer.rest(other_mean, other_sum);
  for (int c = at.team.rank(); c < labels; c += at.team.size) logits[c] += marked(c) ? steer.rest(mean[c], sum[c]) : other;
  const int label = labels > 1 ? draw_class(logits, labels, at.draws(kLabel).uniform(0),
                                            [=](int c) { return !marked(c) || mean[c] > 0; }, at.team) : 0;
  at.team.alone([&] {
    s.row.label = uint8_t(label);
    at.emit(13, s.row.label, 0);
  });
}

template <class M>
STAN_HD void draw_direction(const At<M> &at, float *logits) {
  const Steer steer = at.steer();
  for (int c = at.team.rank(); c < 2; c += at.team.size) logits[c] += c ? steer.to(kOutboundMark) : steer.away(kOutboundMark);
  const int outbound = draw_class(logits, 2, at.draws(kDirection).uniform(0), Any(), at.team);
  at.team.alone([&] {
    at.s.row.outbound = uint8_t(outbound);
    at.emit(4, at.s.row.outbound, at.s.row.outbound ? 1.0f : -1.0f);
  });
}

// other_byte draws one of the values that no class of its own stands for.
template <class M = Single>
STAN_HD uint8_t other_byte(const uint8_t *known, int n, float u, const Team<M> &team = {}) {
  int left = int(u * float(256 - n));
  for (int from = 0; from < 256; from += team.size) {
    bool seen = false;
    for (int k = 0; k < n; k++) seen = seen || known[k] == from + team.rank();
    const int upto = team.upto(int(!seen)), found = team.first(!seen && upto == left + 1);
    if (found < team.size) return uint8_t(from + found);
    left -= team.of(upto, team.size - 1);
  }
  return 255;
}

template <class M>
STAN_HD uint8_t byte_of(int c, const uint8_t *known, int n, const Draws &d, const Team<M> &team) {
  return c < n ? known[c] : other_byte(known, n, d.uniform(1), team);
}

// other_protocol is the one that a host has beside those of the vocabulary: hosts have one tunnel, not any. It carries neither
// ports nor types: IGMP, IPv4, IPv6, RSVP, GRE, ESP, AH, EIGRP, OSPF, IPIP, PIM, VRRP or L2TP (IANA, Assigned Internet Protocol
// Numbers), or where those are known 253, which is for experiments (RFC 3692).
STAN_HD uint8_t other_protocol(const uint8_t *known, int n, float u) {
  const uint8_t carried[] = {2, 4, 41, 46, 47, 50, 51, 88, 89, 94, 103, 112, 115};
  uint8_t unknown[sizeof carried];
  int count = 0;
  for (const uint8_t proto : carried) {
    bool seen = false;
    for (int k = 0; k < n; k++) seen = seen || known[k] == proto;
    if (!seen) unknown[count++] = proto;
  }
  return count > 0 ? unknown[int(u * float(count))] : 253;
}

// fresh tells whether the row's addresses may have the protocol, and it leaves the row a new conversation: one without
// ports that the remote has had recently does not.
template <class M = Single>
STAN_HD bool fresh(const Slot &s, uint8_t proto, const Team<M> &team = {}) {
  if (proto == (is_ipv6(s.row.addr) ? kICMP : kICMPv6)) return false;
  if (has_ports(proto) || has_types(proto)) return true;
  return s.lane.tuples.find([&](const Row &r) { return r.rport == 0 && r.lport == 0 && r.proto == proto && same_remote(r, s.row); },
                            team) == kTuples;
}

template <class M>
STAN_HD void draw_protocol(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const bool drawn = s.tuple == kTuples;
  int c = s.row.proto_class;
  uint8_t proto = s.row.proto;
  if (drawn) {
    const uint8_t other = other_protocol(t.proto_values, t.protos, Draws(at.g.seed, uint32_t(s.host), 0, kProtocol).uniform(1));
    const auto value = [&](int k) { return k < t.protos ? t.proto_values[k] : other; };
    const GroupLean<4> lean(at.steer(), kProtocolMark);
    for (int k = at.team.rank(); k <= t.protos; k += at.team.size)
      logits[k] += lean.of[protocol_group(value(k))];
    c = draw_class(logits, t.protos + 1, at.draws(kProtocol).uniform(0), [&](int k) { return fresh(s, value(k)); }, at.team);
    if (c < 0) c = t.protos;
    proto = value(c);
  }
  at.team.alone([&] {
    Row &r = s.row;
    if (drawn) {
      r.proto = proto;
      r.proto_class = uint8_t(c);
      r.lport = r.rport = 0;
      r.lport_class = r.rport_class = 0;
    }
    at.emit(5, r.proto_class, 0);
  });
}

template <class M>
STAN_HD void draw_flags(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const uint8_t proto = s.row.proto, bit = proto_bit(proto);
  const Draws d = at.draws(kFlags);
  const auto seen = [&](int k) { return (t.flags_protos[k] & bit) != 0; };
  const bool known = at.team.search(t.flags + 1, seen) <= t.flags;
  if (proto == kTCP) {
    const Steer steer = at.steer();
    float with[kFlagMarks], without[kFlagMarks];
    for (int m = 0; m < kFlagMarks; m++) {
      with[m] = steer.to(kFlagMark + m);
      without[m] = steer.away(kFlagMark + m);
    }
    for (int k = at.team.rank(); k < t.flags; k += at.team.size)
      for (int m = 0; m < kFlagMarks; m++) logits[k] += flag_mark(t.flags_values[k], m) ? with[m] : without[m];
  }
  const int c = draw_class(logits, t.flags + 1, d.uniform(0), [&](int k) { return !known || seen(k); }, at.team);
  const uint8_t flags = byte_of(c, t.flags_values, t.flags, d, at.team);
  at.team.alone([&] {
    s.row.flags_class = uint8_t(c);
    s.row.flags = flags;
    at.emit(8, c, 0);
  });
}

template <class M>
STAN_HD void draw_tos(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const Draws d = at.draws(kToS);
  const GroupLean<8> lean(at.steer(), kPrecedenceMark);
  for (int k = at.team.rank(); k < t.tos; k += at.team.size) logits[k] += lean.of[t.tos_values[k] >> 5];
  const int c = draw_class(logits, t.tos + 1, d.uniform(0), Any(), at.team);
  const uint8_t tos = byte_of(c, t.tos_values, t.tos, d, at.team);
  at.team.alone([&] {
    s.row.tos_class = uint8_t(c);
    s.row.tos = tos;
    at.emit(9, c, 0);
    at.out.joint[at.i * kJoints] = kind_input(s.row, t);
  });
  offer_sizes(at);
  tell_durations(at);
}

}  // namespace stan
