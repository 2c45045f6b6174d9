// Attributes of few classes: label, direction, protocol, flags and type of service.
#pragma once
#include "slot.h"

namespace stan {

// draw_label draws a label that the plan has, or one without a mark.
STAN_HD void draw_label(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const Steer steer = at.steer();
  const float *mean = s.lane.plan.mean + kLabelMark - 1, *sum = s.lane.sum + kLabelMark - 1;  // of label 1 on
  const auto marked = [](int c) { return c > 0 && c <= kLabelMarks; };
  float other_mean = 1, other_sum = float(s.lane.done);
  for (int c = 1; marked(c); c++) {
    other_mean -= mean[c];
    other_sum -= sum[c];
  }
  const float other = steer.rest(other_mean, other_sum);
  for (int c = 0; c < t.labels; c++) logits[c] += marked(c) ? steer.rest(mean[c], sum[c]) : other;
  s.row.label = t.labels > 1 ? uint8_t(draw_class(logits, t.labels, at.draws(kLabel).uniform(0),
                                                  [=](int c) { return !marked(c) || mean[c] > 0; })) : 0;
  at.emit(13, s.row.label, 0);
}

STAN_HD void draw_direction(const At &at, float *logits) {
  Slot &s = at.s;
  logits[1] += at.steer().to(kOutboundMark);
  logits[0] += at.steer().away(kOutboundMark);
  s.row.outbound = uint8_t(draw_class(logits, 2, at.draws(kDirection).uniform(0), Any()));
  at.emit(4, s.row.outbound, s.row.outbound ? 1.0f : -1.0f);
}

// other_byte draws one of the values that no class of its own stands for.
STAN_HD uint8_t other_byte(const uint8_t *known, int n, float u) {
  int left = int(u * float(256 - n));
  for (int v = 0; v < 256; v++) {
    bool seen = false;
    for (int k = 0; k < n; k++) seen = seen || known[k] == v;
    if (!seen && left-- == 0) return uint8_t(v);
  }
  return 255;
}

STAN_HD uint8_t byte_of(int c, const uint8_t *known, int n, const Draws &d) {
  return c < n ? known[c] : other_byte(known, n, d.uniform(1));
}

// fresh tells whether the row's addresses may have the protocol, and it leaves the row a new conversation: one without
// ports that the remote has had recently does not.
STAN_HD bool fresh(const At &at, uint8_t proto) {
  Slot &s = at.s;
  s.row.proto = proto;
  if (proto == (is_ipv6(s.row.addr) ? kICMP : kICMPv6)) return false;
  return has_ports(proto) || has_types(proto) || find_tuple(s.lane, s.row) == kTuples;
}

STAN_HD void draw_protocol(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  Row &r = s.row;
  if (s.tuple == kTuples) {
    const Draws d = at.draws(kProtocol);
    const GroupLean<4> lean(at.steer(), kProtocolMark);
    for (int c = 0; c <= t.protos; c++) logits[c] += lean.of[c < t.protos ? protocol_group(t.proto_values[c]) : 3];
    r.lport = r.rport = 0;
    r.lport_class = r.rport_class = 0;
    r.proto_class = uint8_t(draw_class(logits, t.protos + 1, d.uniform(0),
                                       [&](int c) { return c == t.protos || fresh(at, t.proto_values[c]); }));
    for (int attempt = 1; attempt <= kAttempts; attempt++)
      if (fresh(at, byte_of(r.proto_class, t.proto_values, t.protos, d.again(attempt)))) break;
  }
  at.emit(5, r.proto_class, 0);
}

STAN_HD void draw_flags(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const uint8_t bit = proto_bit(s.row.proto);
  const uint8_t *protos = t.flags_protos;
  const Draws d = at.draws(kFlags);
  bool known = false;
  for (int k = 0; k <= t.flags; k++) known = known || (protos[k] & bit) != 0;
  if (s.row.proto == kTCP) {
    const Steer steer = at.steer();
    float with[kFlagMarks], without[kFlagMarks];
    for (int m = 0; m < kFlagMarks; m++) {
      with[m] = steer.to(kFlagMark + m);
      without[m] = steer.away(kFlagMark + m);
    }
    for (int k = 0; k < t.flags; k++)
      for (int m = 0; m < kFlagMarks; m++) logits[k] += flag_mark(t.flags_values[k], m) ? with[m] : without[m];
  }
  const int c = draw_class(logits, t.flags + 1, d.uniform(0), [=](int k) { return !known || (protos[k] & bit) != 0; });
  s.row.flags_class = uint8_t(c);
  s.row.flags = byte_of(c, t.flags_values, t.flags, d);
  at.emit(8, c, 0);
}

STAN_HD void draw_tos(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const Draws d = at.draws(kToS);
  const GroupLean<8> lean(at.steer(), kPrecedenceMark);
  for (int k = 0; k < t.tos; k++) logits[k] += lean.of[t.tos_values[k] >> 5];
  const int c = draw_class(logits, t.tos + 1, d.uniform(0), Any());
  s.row.tos_class = uint8_t(c);
  s.row.tos = byte_of(c, t.tos_values, t.tos, d);
  at.emit(9, c, 0);
}

}  // namespace stan
