// Ports, and the types and codes of ICMP, of a new conversation.
#pragma once
#include "slot.h"

namespace stan {

// Ports are remote ports that a new conversation may not have, as a recent one has them.
struct Ports {
  uint16_t port[kTuples];
  int count;

  STAN_HD bool holds(int p) const {
    for (int i = 0; i < count; i++)
      if (port[i] == p) return true;
    return false;
  }
};

// type_allowed tells whether a type is one of the protocol's: of ICMPv6 errors lie below 5, messages from 100 on (RFC 4443), and
// those of ICMP lie below 44 (IANA).
STAN_HD bool type_allowed(int type, uint8_t proto) {
  return proto == kICMPv6 ? (type > 0 && type < 5) || type >= 100 : type < 44;
}

// exact_port returns the port of a class that has one value, else -1.
STAN_HD int exact_port(const Tables &t, int vocabulary_class) {
  if (vocabulary_class < t.first_bin()) return t.port_values[vocabulary_class - 1];
  const int icmp = vocabulary_class - t.first_icmp();
  return icmp >= 0 && icmp < t.icmps ? t.icmp_values[icmp] : -1;
}

STAN_HD bool port_allowed(const Tables &t, int vocabulary_class, uint8_t proto) {
  if (has_types(proto)) {
    const int port = vocabulary_class < t.first_icmp() ? -1 : exact_port(t, vocabulary_class);
    return vocabulary_class == t.other_icmp() || (port >= 0 && type_allowed(port >> 8, proto));
  }
  if (vocabulary_class == 0 || vocabulary_class >= t.first_icmp()) return false;
  const int bin = vocabulary_class - t.first_bin();
  if (bin >= 0) return t.bin_start[bin] < t.bin_start[bin + 1];
  return (t.port_protos[vocabulary_class] & proto_bit(proto)) != 0;
}

// port_of returns the port that a class is steered by: its own, or the first of its bin; -1 for none.
STAN_HD int port_of(const Tables &t, int c, int base) {
  if (c < kCopies) return base >= 0 && base + c <= 65535 ? base + c : -1;
  const int vocabulary_class = c - kCopies, bin = vocabulary_class - t.first_bin();
  if (bin < 0) return vocabulary_class > 0 ? t.port_values[vocabulary_class - 1] : -1;
  return t.bin_start[bin] < t.bin_start[bin + 1] ? t.bin_ports[t.bin_start[bin]] : -1;
}

STAN_HD uint16_t icmp_class(const Tables &t, uint16_t port) {
  for (int k = 0; k < t.icmps; k++)
    if (t.icmp_values[k] == port) return uint16_t(t.first_icmp() + k);
  return uint16_t(t.other_icmp());
}

// steer_ports steers towards the services of one side and the share of its other ports; where the local port is at no service, a remote
// one that is none is steered by the flows without any. A peer that was met was chosen by its services.
template <class M>
STAN_HD void steer_ports(const At<M> &at, bool local, float *logits, int base) {
  const Tables &t = at.t;
  const Steer steer = at.steer();
  const int services = local ? kLocalServices : kRemoteServices;
  const bool met = at.s.peer < kPeers && base >= 0, second = !local && !at_service(at.s.row.lport, t);
  const OtherPorts other(steer, local, t.low_services);
  const float none = steer.to(kNoServiceMark);
  for (int k = at.team.rank(); k < kCopies + t.first_icmp(); k += at.team.size) {
    const int p = port_of(t, k, base);
    if (p < 0) continue;
    const uint8_t service = t.port_service[p];
    if (service != kNoService)
      logits[k] += met ? 0 : lean_of(steer.to(services + service));
    else if (p < 1024)
      logits[k] += fminf(second ? none : 0, lean_of(other.low));
    else
      logits[k] += second ? none : met ? 0 : lean_of(other.high);
  }
}

struct Port {
  uint16_t number, vocabulary_class;
};

// draw_port draws a port that the rules of its base and its protocol allow, and that is not taken. What can be copied
// from the base is copied, as in training. Where none is allowed it is 0.
template <class M>
STAN_HD Port draw_port(const At<M> &at, Head head, float *logits, int base, const Ports &taken) {
  const Tables &t = at.t;
  const uint8_t proto = at.s.row.proto;
  const bool types = has_types(proto);
  const Draws d = at.draws(head);
  if (!types) steer_ports(at, head == kLocalPort, logits, base);
  const auto usable = [&](int p) { return !taken.holds(p) && copied(p, base, proto) < 0; };
  const int c = draw_class(logits, kCopies + t.port_classes(), d.uniform(0), [&](int k) {
    if (k < kCopies) {
      const int p = base + k;
      return base >= 0 && p <= 65535 && copied(p, base, proto) == k && !taken.holds(p) &&
             (types || port_allowed(t, t.port_class[p], proto));
    }
    if (!port_allowed(t, k - kCopies, proto)) return false;
    const int p = exact_port(t, k - kCopies);
    return p < 0 || usable(p);
  }, at.team);
  if (c < 0) return {0, 0};
  const int vocabulary_class = c - kCopies;
  uint16_t port = 0;
  if (c < kCopies) {
    port = uint16_t(base + c);
  } else if (exact_port(t, vocabulary_class) >= 0) {
    port = uint16_t(exact_port(t, vocabulary_class));
  } else if (!types) {
    const int32_t *bin = t.bin_start + (vocabulary_class - t.first_bin());
    const int size = bin[1] - bin[0], first = int(d.uniform(1) * float(size));
    // From the drawn port on, the first that is usable. Port 0 is reserved (RFC 6335): where it is no class of its own, it is chance.
    for (int k = 0; k < size; k++) {
      port = t.bin_ports[bin[0] + (first + k) % size];
      if (port > 0 && usable(port)) break;
    }
  } else {
    port = uint16_t(d.uniform(1) * 65536.0f);
    for (int left = 65536; left > 0 && (icmp_class(t, port) != t.other_icmp() || !usable(port)); left--) port++;
  }
  return {port, types ? icmp_class(t, port) : t.port_class[port]};
}

template <class M>
STAN_HD int base_port(const At<M> &at, bool local) {
  const Row *b = base_of(at.s.lane, at.s.peer, at.t);
  if (!b || !comparable(b->proto, at.s.row.proto)) return -1;
  return local ? b->lport : b->rport;
}

template <class M>
STAN_HD void draw_local_port(const At<M> &at, float *logits) {
  Row &r = at.s.row;
  Port port = {r.lport, r.lport_class};
  if (at.s.tuple == kTuples && has_ports(r.proto))
    port = draw_port(at, kLocalPort, logits, base_port(at, true), Ports{{}, 0});
  at.team.alone([&] {
    r.lport = port.number;
    r.lport_class = port.vocabulary_class;
    at.emit(6, r.lport_class, 0);
  });
}

template <class M>
STAN_HD void draw_remote_port(const At<M> &at, float *logits) {
  Slot &s = at.s;
  Row &r = s.row;
  Port port = {r.rport, r.rport_class};
  if (s.tuple == kTuples && (has_ports(r.proto) || has_types(r.proto))) {
    Ports taken{{}, 0};
    for (int k = 0; k < s.lane.tuples.used; k++) {
      const Row &q = s.lane.tuples.slot[k].row;
      if (q.proto == r.proto && q.lport == r.lport && same_remote(q, r)) taken.port[taken.count++] = q.rport;
    }
    port = draw_port(at, kRemotePort, logits, base_port(at, false), taken);
  }
  at.team.alone([&] {
    r.rport = port.number;
    r.rport_class = port.vocabulary_class;
    at.emit(7, r.rport_class, 0);
  });
}

}  // namespace stan
