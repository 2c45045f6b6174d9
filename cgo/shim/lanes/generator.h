// The generator's lanes: what each step of the autoregressive loop does beside the network, lane by lane.
#pragma once
#include "steer.h"

namespace stan {

// Slot is a lane that generates one host after the other.
struct Slot {
  Lane lane;
  Row row;           // being drawn
  int64_t span_end;  // µs; a row that would end at or after it ends the host
  int64_t quota;     // rows until the host ends, below 0 for no bound; with one the last day's plan is repeated
  int32_t host;
  int32_t active;
  int32_t emitted;   // rows of the block under way
  int32_t day, days;
  int32_t tuple, peer;  // chosen for the row being drawn; kTuples and kPeers for none
  int32_t region;       // of the row's place, 0 where the place is not drawn
};

// Outputs of a step, one row a lane, each read by the network's next module.
struct Outputs {
  float *plan;          // [W, kPlan]
  int64_t *tuple_bag;   // [W, kTuples, kCandidateBag]
  float *tuple_mask;    // [W, kTuples]
  int64_t *peer_bag;    // [W, kPeers, kCandidateBag]
  float *peer_mask;     // [W, kPeers]
  int64_t *chosen_row;  // [W] into W*kEntries
  int64_t *chosen_bag;  // [W, kCandidateBag]
  float *chosen;        // [W, 1]
  int64_t *input;       // [W] row of the input table of the attribute just drawn
  float *number;        // [W, 1] continuous input of the attribute just drawn
  int64_t *bag;         // [W, kBag]
  float *numeric;       // [W, kNumeric]
  int64_t *memory;      // [2, W] into W*kEntries: where the row's embedding goes
  Row *rows;            // [block, W]
  int32_t *hosts;       // [block, W] host of each row, -1 for none
};

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

struct Generator {
  Tables t;
  Outputs out;
  Slot *slots;            // [W]
  const Plan *plans;      // [W, max_days]
  const uint32_t *hosts;  // [host_count, 4] addresses of the generated hosts
  int32_t width, max_days, host_count, ipv6_hosts, block;
  uint64_t seed;
  float steering;  // strength with which rows are kept to the plan, 1 or 0

  STAN_HD Steer steer_of(const Slot &s) const { return {s.lane, t.without.profile ? 0.0f : steering}; }

  STAN_HD Draws draws(const Slot &s, int attribute) const {
    return Draws(seed, uint32_t(s.host), uint32_t(s.lane.position), uint32_t(attribute));
  }

  // next_day moves to the next day with rows; a host whose days are over goes idle.
  STAN_HD void next_day(int i) {
    Slot &s = slots[i];
    do {
      const int64_t next = s.lane.plan.day + 1;
      s.day++;
      if (s.day >= s.days && s.quota < 0) {
        s.active = 0;
        return;
      }
      s.lane.start_day(plans[int64_t(i) * max_days + (s.day < s.days ? s.day : s.days - 1)]);
      s.lane.plan.day = next;
    } while (s.lane.plan.rows == 0);
  }

  STAN_HD void begin(int i) {
    Slot &s = slots[i];
    if (s.active && s.lane.done >= s.lane.plan.rows) {
      next_day(i);
      // A stream's clock starts on its first day with rows, as in training.
      const int64_t midnight = s.lane.plan.day * kDay;
      if (s.lane.position == 0 && s.lane.now < midnight) s.lane.now = midnight;
    }
    plan_inputs(out.plan + int64_t(i) * kPlan, s.lane, t);
  }

  template <int N>
  STAN_HD void candidates(const List<N> &list, int i, int64_t *bag, float *mask, int32_t position, int64_t now) const {
    int rank[N];
    for (int r = 0; r < list.used; r++) rank[list.order[r]] = r;
    for (int k = 0; k < N; k++) {
      const bool used = k < list.used;
      int64_t *b = bag + (int64_t(i) * N + k) * kCandidateBag;
      b[0] = 0;
      b[1] = kAgeRows;
      b[2] = kAgeRows + kAgeTime;
      b[3] = kCandidateRows;
      if (used) candidate_bag(b, list.slot[k], rank[k], position, now);
      mask[int64_t(i) * N + k] = used ? 0.0f : -1e9f;
    }
  }

  STAN_HD void emit(int i, int bag_index, int c, float number) {
    out.input[i] = t.bag_offset[bag_index] + c;
    out.number[i] = number;
  }

  STAN_HD void draw_gap(int i, float *atoms, float *mixture, int k) {
    Slot &s = slots[i];
    Row &r = s.row;
    const int64_t wait = s.lane.plan.day * kDay - s.lane.now;
    const int64_t low = wait > 0 ? (wait + t.gap_tick - 1) / t.gap_tick : 0;
    // With a quota there are rows every day; without, a gap may lead beyond the span, which ends the host.
    const int64_t high = s.quota < 0 ? -1 : low + kDay / t.gap_tick;
    const Value v = draw_value(atoms, mixture, k, t.gap, low, high, draws(s, kGap));
    r.gap = v.v;
    r.gap_atom = uint16_t(v.atom);
    // The bound keeps the sum in range.
    const int64_t most = (s.span_end - s.lane.now) / t.gap_tick + 1;
    if (r.gap > most) r.gap = most > 0 ? most : 0;
    r.end = s.lane.now + r.gap * t.gap_tick;
    if (s.active && r.end >= s.span_end) s.active = 0;
    while (s.active && day_of(r.end) > s.lane.plan.day) next_day(i);
    candidates(s.lane.tuples, i, out.tuple_bag, out.tuple_mask, s.lane.position, r.end);
    candidates(s.lane.peers, i, out.peer_bag, out.peer_mask, s.lane.position, r.end);
    emit(i, 0, v.atom, gap_input(r.gap, t));
  }

  // draw_label draws a label that the plan has, or one without a mark.
  STAN_HD void draw_label(int i, float *logits) {
    Slot &s = slots[i];
    const Steer steer = steer_of(s);
    const float *mean = s.lane.plan.mean + kLabelMark - 1, *sum = s.lane.sum + kLabelMark - 1;  // of label 1 on
    const auto marked = [](int c) { return c > 0 && c <= kLabelMarks; };
    float other_mean = 1, other_sum = float(s.lane.done);
    for (int c = 1; marked(c); c++) {
      other_mean -= mean[c];
      other_sum -= sum[c];
    }
    const float other = steer.rest(other_mean, other_sum);
    for (int c = 0; c < t.labels; c++) logits[c] += marked(c) ? steer.rest(mean[c], sum[c]) : other;
    s.row.label = t.labels > 1 ? uint8_t(draw_class(logits, t.labels, draws(s, kLabel).uniform(0),
                                                    [=](int c) { return !marked(c) || mean[c] > 0; })) : 0;
    emit(i, 13, s.row.label, 0);
  }

  STAN_HD void choose(int i, const Entry &e, int rank, int memory, int64_t table_start) {
    int64_t b[kCandidateBag];
    candidate_bag(b, e, rank, slots[i].lane.position, slots[i].row.end);
    out.chosen_row[i] = int64_t(i) * kEntries + memory;
    out.chosen[i] = 1;
    for (int k = 0; k < kCandidateBag; k++) out.chosen_bag[int64_t(i) * kCandidateBag + k] = table_start + b[k];
    for (int k = 0; k < 4; k++) slots[i].row.addr[k] = e.row.addr[k];
    slots[i].row.place = e.row.place;
  }

  STAN_HD void draw_conversation(int i, float *logits) {
    Slot &s = slots[i];
    const int used = s.lane.tuples.used;
    const Steer steer = steer_of(s);
    const float again = steer.to(kTupleMark), other = steer.to(kPeerMark, 4);
    for (int c = 0; c <= kTuples; c++) logits[c] += c < kTuples ? again : other;
    s.tuple = draw_class(logits, kTuples + 1, draws(s, kConversation).uniform(0),
                         [=](int c) { return c < used || c == kTuples; });
    s.peer = kPeers;
    out.chosen_row[i] = int64_t(i) * kEntries;
    out.chosen[i] = 0;
    for (int k = 0; k < kCandidateBag; k++) out.chosen_bag[int64_t(i) * kCandidateBag + k] = 2 * kCandidateRows + kEntries;
    if (s.tuple == kTuples) return;
    const Entry &e = s.lane.tuples.slot[s.tuple];
    choose(i, e, s.lane.tuples.rank_of(s.tuple), s.tuple, 0);
    Row &r = s.row;
    r.proto = e.row.proto;
    r.proto_class = e.row.proto_class;
    r.lport = e.row.lport;
    r.rport = e.row.rport;
    r.lport_class = e.row.lport_class;
    r.rport_class = e.row.rport_class;
  }

  STAN_HD void draw_peer(int i, float *logits) {
    Slot &s = slots[i];
    if (s.tuple < kTuples) return;
    const int used = s.lane.peers.used;
    const Steer steer = steer_of(s);
    const float again = steer.to(kPeerMark), other = steer.to(kNewMark, 3);
    for (int c = 0; c <= kPeers; c++) logits[c] += c < kPeers ? again : other;
    s.peer = draw_class(logits, kPeers + 1, draws(s, kPeer).uniform(0), [=](int c) { return c < used || c == kPeers; });
    if (s.peer == kPeers) return;
    choose(i, s.lane.peers.slot[s.peer], s.lane.peers.rank_of(s.peer), kTuples + s.peer, kCandidateRows + kTuples);
  }

  // reserved tells addresses that no flow of a network crosses: this network, loopback, link-local, multicast and above
  // (RFC 6890), private and shared ones, for IPv6 whatever is not 2000::/3.
  STAN_HD static bool reserved(const uint32_t *a) {
    if (is_ipv6(a)) return (a[0] >> 29) != 1;
    const uint32_t first = a[3] >> 24;
    return first == 0 || first == 10 || first == 127 || first >= 224 || (a[3] >> 16) == 0xa9fe || (a[3] >> 16) == 0xc0a8 ||
           (a[3] >> 20) == 0xac1 || (a[3] >> 22) == 0x191;
  }

  STAN_HD const uint32_t *address_of(int32_t host) const { return hosts + int64_t(host) * 4; }

  // on_ipv6 tells the IP version of the lane's host, which all of its remotes have.
  STAN_HD bool on_ipv6(const Slot &s) const { return is_ipv6(address_of(s.host)); }

  STAN_HD void set_host(Row &r, int32_t host) const {
    for (int k = 0; k < 4; k++) r.addr[k] = address_of(host)[k];
  }

  // reachable tells whether a place holds addresses of the lane's IP version.
  STAN_HD bool reachable(const Slot &s, int place) const {
    return place < t.places && (place == 0 || is_ipv6(t.place_addr + int64_t(place) * 4) == on_ipv6(s));
  }

  // draw_internal draws the address of another generated host that is no recent remote; there must be one.
  STAN_HD void draw_internal(Slot &s) const {
    for (int attempt = 1; attempt <= kAttempts; attempt++) {
      int32_t other = int32_t(draws(s, kPlace).again(attempt).uniform(0) * float(host_count - 1));
      if (other >= s.host) other++;
      if (is_ipv6(address_of(other)) != on_ipv6(s)) continue;
      set_host(s.row, other);
      if (find_peer(s.lane, s.row) == kPeers) return;
    }
    for (int32_t other = 0; other < host_count; other++) {
      if (other == s.host || is_ipv6(address_of(other)) != on_ipv6(s)) continue;
      set_host(s.row, other);
      if (find_peer(s.lane, s.row) == kPeers) return;
    }
  }

  // draw_address draws an address of a network that is no recent remote: one met before, or any.
  STAN_HD void draw_address(Slot &s, int place) const {
    Row &r = s.row;
    const uint32_t *prefix = t.place_addr + int64_t(place) * 4;
    const int bits = t.place_bits[place];
    const int known = returnable(s.lane, place);
    const Draws d = draws(s, kPlace);
    if (bits < 128 && d.uniform(1) < t.returns[return_kind(place, t)][known]) {
      returnable(s.lane, place, int(d.uniform(2) * float(known)), &r);
      return;
    }
    for (int attempt = 1; attempt <= kAttempts; attempt++) {
      const Words w = draws(s, kPlace).again(attempt).words;
      for (int k = 0; k < 4; k++) {
        const int known = bits - 32 * k;
        const uint32_t mask = known <= 0 ? 0 : known >= 32 ? 0xffffffffu : ~(0xffffffffu >> known);
        r.addr[k] = (prefix[k] & mask) | (w.x[k] & ~mask);
      }
      if (bits < 3) r.addr[0] = (r.addr[0] & 0x1fffffffu) | 0x20000000u;  // any IPv6 address is one of 2000::/3
      if (bits == 128 || (!reserved(r.addr) && find_peer(s.lane, r) == kPeers)) return;
    }
  }

  // draw_region draws the region of a new remote; its number is the input of the places' weights.
  STAN_HD void draw_region(int i, float *logits) {
    Slot &s = slots[i];
    const bool drawn = s.tuple == kTuples && s.peer == kPeers;
    const float *reach = t.region_reach + (on_ipv6(s) ? t.regions() : 0);
    for (int c = 0; drawn && c < t.regions(); c++) logits[c] += reach[c];
    s.region = drawn ? draw_class(logits, t.regions(), draws(s, kRegionOfPlace).uniform(0), [=](int c) { return reach[c] > -INFINITY; })
                     : 0;
    out.input[i] = s.region;
    out.number[i] = 0;
  }

  // draw_place draws a remote of the region that is none of the recent ones.
  STAN_HD void draw_place(int i, float *logits) {
    Slot &s = slots[i];
    Row &r = s.row;
    if (s.tuple == kTuples && s.peer == kPeers) {
      int32_t others = (on_ipv6(s) ? ipv6_hosts : host_count - ipv6_hosts) - 1;
      for (int p = 0; p < s.lane.peers.used; p++) {
        const int32_t place = s.lane.peers.slot[p].row.place;
        if (place == 0) others--;
        if (t.place_bits[place] == 128 && place / kRegion == s.region) logits[place % kRegion] = -INFINITY;
      }
      const int first = s.region * kRegion;
      const int c = draw_class(logits, kRegion, draws(s, kPlace).uniform(0), [&](int k) {
        return reachable(s, first + k) && (first + k > 0 || others > 0) && logits[k] > -INFINITY;
      });
      // A region whose addresses are all recent peers leaves any address: the last place but one for IPv4, the last for IPv6.
      r.place = c >= 0 ? first + c : t.places - 2 + on_ipv6(s);
      if (r.place == 0)
        draw_internal(s);
      else
        draw_address(s, r.place);
    }
    emit(i, 12, t.place_bucket[r.place], 0);
  }

  STAN_HD void draw_direction(int i, float *logits) {
    Slot &s = slots[i];
    logits[1] += steer_of(s).to(kOutboundMark);
    logits[0] += steer_of(s).away(kOutboundMark);
    s.row.outbound = uint8_t(draw_class(logits, 2, draws(s, kDirection).uniform(0), Any()));
    emit(i, 4, s.row.outbound, s.row.outbound ? 1.0f : -1.0f);
  }

  // other_byte draws one of the values that no class of its own stands for.
  STAN_HD static uint8_t other_byte(const uint8_t *known, int n, float u) {
    int left = int(u * float(256 - n));
    for (int v = 0; v < 256; v++) {
      bool seen = false;
      for (int k = 0; k < n; k++) seen = seen || known[k] == v;
      if (!seen && left-- == 0) return uint8_t(v);
    }
    return 255;
  }

  STAN_HD uint8_t byte_of(int c, const uint8_t *known, int n, const Draws &d) const {
    return c < n ? known[c] : other_byte(known, n, d.uniform(1));
  }

  // fresh tells whether the row's addresses may have the protocol, and it leaves the row a new conversation: one without
  // ports that the remote has had recently does not.
  STAN_HD static bool fresh(Slot &s, uint8_t proto) {
    s.row.proto = proto;
    if (proto == (is_ipv6(s.row.addr) ? kICMP : kICMPv6)) return false;
    return has_ports(proto) || has_types(proto) || find_tuple(s.lane, s.row) == kTuples;
  }

  STAN_HD void draw_protocol(int i, float *logits) {
    Slot &s = slots[i];
    Row &r = s.row;
    if (s.tuple == kTuples) {
      const Draws d = draws(s, kProtocol);
      const GroupLean<4> lean(steer_of(s), kProtocolMark);
      for (int c = 0; c <= t.protos; c++) logits[c] += lean.of[c < t.protos ? protocol_group(t.proto_values[c]) : 3];
      r.lport = r.rport = 0;
      r.lport_class = r.rport_class = 0;
      r.proto_class = uint8_t(draw_class(logits, t.protos + 1, d.uniform(0),
                                         [&](int c) { return c == t.protos || fresh(s, t.proto_values[c]); }));
      for (int attempt = 1; attempt <= kAttempts; attempt++)
        if (fresh(s, byte_of(r.proto_class, t.proto_values, t.protos, d.again(attempt)))) break;
    }
    emit(i, 5, r.proto_class, 0);
  }

  // type_allowed tells whether a type is one of the protocol's: of ICMPv6 errors lie below 5, messages from 100 on (RFC 4443), and
  // those of ICMP lie below 44 (IANA).
  STAN_HD static bool type_allowed(int type, uint8_t proto) {
    return proto == kICMPv6 ? (type > 0 && type < 5) || type >= 100 : type < 44;
  }

  STAN_HD bool port_allowed(int vocabulary_class, uint8_t proto) const {
    if (has_types(proto)) {
      const int port = vocabulary_class < t.first_icmp() ? -1 : exact_port(vocabulary_class);
      return vocabulary_class == t.other_icmp() || (port >= 0 && type_allowed(port >> 8, proto));
    }
    if (vocabulary_class == 0 || vocabulary_class >= t.first_icmp()) return false;
    const int bin = vocabulary_class - t.first_bin();
    if (bin >= 0) return t.bin_start[bin] < t.bin_start[bin + 1];
    return (t.port_protos[vocabulary_class] & proto_bit(proto)) != 0;
  }

  // exact_port returns the port of a class that has one value, else -1.
  STAN_HD int exact_port(int vocabulary_class) const {
    if (vocabulary_class < t.first_bin()) return t.port_values[vocabulary_class - 1];
    const int icmp = vocabulary_class - t.first_icmp();
    return icmp >= 0 && icmp < t.icmps ? t.icmp_values[icmp] : -1;
  }

  // steer_ports steers towards the services of one side, and the share of ports below 1024.
  STAN_HD void steer_ports(const Steer &steer, bool local, float *logits, int base) const {
    const int services = local ? kLocalServices : kRemoteServices, low_mark = kLowPortMark + !local;
    const float low = steer.to(low_mark), high = high_ports(steer, low_mark);
    const auto lean = [&](int p) {
      const uint8_t service = t.port_service[p];
      return service != kNoService ? steer.to(services + service) : p < 1024 ? low : high;
    };
    for (int k = 0; k < kCopies && base >= 0 && base + k <= 65535; k++) logits[k] += lean(base + k);
    for (int c = 1; c < t.first_bin(); c++) logits[kCopies + c] += lean(t.port_values[c - 1]);
    for (int b = 0; b < t.bins; b++)
      if (t.bin_start[b] < t.bin_start[b + 1]) logits[kCopies + t.first_bin() + b] += lean(t.bin_ports[t.bin_start[b]]);
  }

  // draw_port draws a port that the rules of its base and its protocol allow, and that is not taken. What can be copied
  // from the base is copied, as in training.
  STAN_HD void draw_port(const Slot &s, Head head, float *logits, int base, const Ports &taken, uint16_t &port,
                         uint16_t &port_class) const {
    const uint8_t proto = s.row.proto;
    const Draws d = draws(s, head);
    if (!has_types(proto)) steer_ports(steer_of(s), head == kLocalPort, logits, base);
    const auto usable = [&](int p) { return !taken.holds(p) && copied(p, base, proto) < 0; };
    const int c = draw_class(logits, kCopies + t.port_classes(), d.uniform(0), [&](int k) {
      if (k < kCopies) {
        const int p = base + k;
        return base >= 0 && p <= 65535 && copied(p, base, proto) == k && !taken.holds(p) &&
               (has_types(proto) || port_allowed(t.port_class[p], proto));
      }
      if (!port_allowed(k - kCopies, proto)) return false;
      const int p = exact_port(k - kCopies);
      return p < 0 || usable(p);
    });
    if (c < 0) return;
    const int vocabulary_class = c - kCopies;
    if (c < kCopies) {
      port = uint16_t(base + c);
    } else if (exact_port(vocabulary_class) >= 0) {
      port = uint16_t(exact_port(vocabulary_class));
    } else if (!has_types(proto)) {
      const int32_t *bin = t.bin_start + (vocabulary_class - t.first_bin());
      const int size = bin[1] - bin[0], at = int(d.uniform(1) * float(size));
      // From the drawn port on, the first that is usable.
      for (int k = 0; k < size; k++) {
        port = t.bin_ports[bin[0] + (at + k) % size];
        if (usable(port)) break;
      }
    } else {
      port = uint16_t(d.uniform(1) * 65536.0f);
      for (int left = 65536; left > 0 && (icmp_class(port) != t.other_icmp() || !usable(port)); left--) port++;
    }
    port_class = has_types(proto) ? icmp_class(port) : t.port_class[port];
  }

  STAN_HD uint16_t icmp_class(uint16_t port) const {
    for (int k = 0; k < t.icmps; k++)
      if (t.icmp_values[k] == port) return uint16_t(t.first_icmp() + k);
    return uint16_t(t.other_icmp());
  }

  STAN_HD int base_port(const Slot &s, bool local) const {
    const Row *b = base_of(s.lane, s.peer, t);
    if (!b || !comparable(b->proto, s.row.proto)) return -1;
    return local ? b->lport : b->rport;
  }

  STAN_HD void draw_local_port(int i, float *logits) {
    Slot &s = slots[i];
    if (s.tuple == kTuples && has_ports(s.row.proto))
      draw_port(s, kLocalPort, logits, base_port(s, true), Ports{{}, 0}, s.row.lport, s.row.lport_class);
    emit(i, 6, s.row.lport_class, 0);
  }

  STAN_HD void draw_remote_port(int i, float *logits) {
    Slot &s = slots[i];
    Row &r = s.row;
    if (s.tuple == kTuples && (has_ports(r.proto) || has_types(r.proto))) {
      Ports taken{{}, 0};
      for (int k = 0; k < s.lane.tuples.used; k++) {
        const Row &q = s.lane.tuples.slot[k].row;
        if (q.proto == r.proto && q.lport == r.lport && same_remote(q, r)) taken.port[taken.count++] = q.rport;
      }
      draw_port(s, kRemotePort, logits, base_port(s, false), taken, r.rport, r.rport_class);
    }
    emit(i, 7, r.rport_class, 0);
  }

  STAN_HD void draw_flags(int i, float *logits) {
    Slot &s = slots[i];
    const uint8_t bit = proto_bit(s.row.proto);
    const uint8_t *protos = t.flags_protos;
    const Draws d = draws(s, kFlags);
    bool known = false;
    for (int k = 0; k <= t.flags; k++) known = known || (protos[k] & bit) != 0;
    if (s.row.proto == kTCP) {
      const Steer steer = steer_of(s);
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
    emit(i, 8, c, 0);
  }

  STAN_HD void draw_tos(int i, float *logits) {
    Slot &s = slots[i];
    const Draws d = draws(s, kToS);
    const GroupLean<8> lean(steer_of(s), kPrecedenceMark);
    for (int k = 0; k < t.tos; k++) logits[k] += lean.of[t.tos_values[k] >> 5];
    const int c = draw_class(logits, t.tos + 1, d.uniform(0), Any());
    s.row.tos_class = uint8_t(c);
    s.row.tos = byte_of(c, t.tos_values, t.tos, d);
    emit(i, 9, c, 0);
  }

  STAN_HD void draw_duration(int i, float *atoms, float *mixture, int k) {
    Slot &s = slots[i];
    // No flow starts before 1970, and the bound keeps the product in range.
    const int64_t since = s.row.end > 0 ? s.row.end / t.duration_tick : 0;
    const int64_t longest = since < t.duration.most ? since : t.duration.most;
    const int64_t copies[kDurationCopies] = {last_duration(s.lane, t)};
    const Steer steer = steer_of(s);
    const float known = steer.away(kFreeDurationMark), other = steer.to(kFreeDurationMark);
    for (int c = 0; c <= t.duration.count + kDurationCopies; c++) atoms[c] += c < t.duration.count ? known : other;
    const Value v = draw_value(atoms, mixture, k, t.duration, 0, longest, draws(s, kDuration),
                               DurationLean(steer, t.duration_tick), copies, kDurationCopies);
    s.row.duration = v.v;
    s.row.duration_atom = uint16_t(v.atom);
    emit(i, 1, v.atom, duration_input(v.v, t));
  }

  STAN_HD void draw_packets(int i, float *atoms, float *mixture, int k) {
    Slot &s = slots[i];
    const int64_t least = s.row.duration > 0 ? 2 : 1;  // one packet lasts no time
    const Value v = draw_value(atoms, mixture, k, t.packets, least, least < t.packets.most ? t.packets.most : least, draws(s, kPackets),
                               PacketsLean(steer_of(s)));
    s.row.packets = v.v;
    s.row.packets_atom = uint16_t(v.atom);
    emit(i, 2, v.atom, packets_input(v.v));
  }

  // least_bytes is what the headers of one packet of the row hold, those of IP (RFC 791, RFC 8200) included.
  STAN_HD static int64_t least_bytes(const Row &r) { return (is_ipv6(r.addr) ? 40 : 20) + (r.proto == kTCP ? 20 : 8); }

  STAN_HD void draw_bytes(int i, float *atoms, float *mixture, int k) {
    Slot &s = slots[i];
    const int64_t least = least_bytes(s.row) * s.row.packets, full = int64_t(t.mtu) * s.row.packets;
    const int64_t most = full < t.bytes.most ? full : t.bytes.most;
    int64_t copies[kBytesCopies];
    s.lane.sizes.recent(size_kind(s.row, t), s.row.packets, copies);
    const Steer steer = steer_of(s);
    const float known = steer.away(kCopyMark, 2), copy = steer.to(kCopyMark);
    for (int c = 0; c < t.bytes.count; c++) atoms[c] += known;
    atoms[t.bytes.count] += steer.to(kNewBytesMark);
    for (int c = 0; c < kBytesCopies; c++) atoms[t.bytes.count + 1 + c] += copy;
    const Value v = draw_value(atoms, mixture, k, t.bytes, least, most < least ? least : most, draws(s, kBytes),
                               BytesLean(steer, s.row.packets), copies, kBytesCopies);
    s.row.bytes = v.v;
    s.row.bytes_atom = uint16_t(v.atom);
    emit(i, 3, v.atom, bytes_input(v.v));
  }

  // finish makes the row part of the lane's memory and puts it in the block.
  STAN_HD void finish(int i) {
    Slot &s = slots[i];
    recall(s.lane, s.row, t);
    const int64_t at = int64_t(s.emitted) * width + i;
    out.hosts[at] = s.active ? s.host : -1;
    out.rows[at] = s.row;
    s.emitted = s.emitted + 1 < block ? s.emitted + 1 : 0;
    Observed o = {0, 0, kTuples, kPeers};
    if (s.active) {
      o = observe(s.lane, s.row, 0, t);
      if (s.quota > 0 && --s.quota == 0) s.active = 0;
    }
    row_bag(out.bag + int64_t(i) * kBag, s.row, o, t);
    row_numeric(out.numeric + int64_t(i) * kNumeric, s.row, t);
    out.memory[i] = int64_t(i) * kEntries + o.tuple;
    out.memory[width + i] = int64_t(i) * kEntries + kTuples + o.peer;
  }

  STAN_HD void draw(int i, int head, float *logits, int classes, float *mixture, int k) {
    float *l = logits + int64_t(i) * classes;
    float *m = mixture ? mixture + int64_t(i) * 3 * k : nullptr;
    switch (head) {
      case kGap: return draw_gap(i, l, m, k);
      case kLabel: return draw_label(i, l);
      case kConversation: return draw_conversation(i, l);
      case kPeer: return draw_peer(i, l);
      case kRegionOfPlace: return draw_region(i, l);
      case kPlace: return draw_place(i, l);
      case kDirection: return draw_direction(i, l);
      case kProtocol: return draw_protocol(i, l);
      case kLocalPort: return draw_local_port(i, l);
      case kRemotePort: return draw_remote_port(i, l);
      case kFlags: return draw_flags(i, l);
      case kToS: return draw_tos(i, l);
      case kDuration: return draw_duration(i, l, m, k);
      case kPackets: return draw_packets(i, l, m, k);
      case kBytes: return draw_bytes(i, l, m, k);
    }
  }
};

}  // namespace stan
