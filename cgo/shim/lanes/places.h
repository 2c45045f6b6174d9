// The remote of a new peer: its region, its place there, its address.
#pragma once
#include "slot.h"

namespace stan {

// reserved tells addresses that no flow of a network crosses: this network, loopback, link-local, multicast and above
// (RFC 6890), private and shared ones, for IPv6 whatever is not 2000::/3.
STAN_HD bool reserved(const uint32_t *a) {
  if (is_ipv6(a)) return (a[0] >> 29) != 1;
  const uint32_t first = a[3] >> 24;
  return first == 0 || first == 10 || first == 127 || first >= 224 || (a[3] >> 16) == 0xa9fe || (a[3] >> 16) == 0xc0a8 ||
         (a[3] >> 20) == 0xac1 || (a[3] >> 22) == 0x191;
}

// reachable tells whether a place holds addresses of the lane's IP version.
STAN_HD bool reachable(const At &at, int place) {
  const Tables &t = at.t;
  return place < t.places && (place == 0 || is_ipv6(t.place_addr + int64_t(place) * 4) == at.on_ipv6());
}

STAN_HD void set_host(const At &at, int32_t host) {
  for (int k = 0; k < 4; k++) at.s.row.addr[k] = at.g.address_of(host)[k];
}

// draw_internal draws the address of another generated host that is no recent remote; there must be one.
STAN_HD void draw_internal(const At &at) {
  Slot &s = at.s;
  for (int attempt = 1; attempt <= kAttempts; attempt++) {
    int32_t other = int32_t(at.draws(kPlace).again(attempt).uniform(0) * float(at.g.host_count - 1));
    if (other >= s.host) other++;
    if (is_ipv6(at.g.address_of(other)) != at.on_ipv6()) continue;
    set_host(at, other);
    if (find_peer(s.lane, s.row) == kPeers) return;
  }
  for (int32_t other = 0; other < at.g.host_count; other++) {
    if (other == s.host || is_ipv6(at.g.address_of(other)) != at.on_ipv6()) continue;
    set_host(at, other);
    if (find_peer(s.lane, s.row) == kPeers) return;
  }
}

// draw_address draws an address of a network that is no recent remote: one met before, or any.
STAN_HD void draw_address(const At &at, int place) {
  Slot &s = at.s;
  const Tables &t = at.t;
  Row &r = s.row;
  const uint32_t *prefix = t.place_addr + int64_t(place) * 4;
  const int bits = t.place_bits[place];
  const int known = returnable(s.lane, place);
  const Draws d = at.draws(kPlace);
  if (bits < 128 && d.uniform(1) < t.returns[return_kind(place, t)][known]) {
    returnable(s.lane, place, int(d.uniform(2) * float(known)), &r);
    return;
  }
  for (int attempt = 1; attempt <= kAttempts; attempt++) {
    const Words w = at.draws(kPlace).again(attempt).words;
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
STAN_HD void draw_region(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const bool drawn = s.tuple == kTuples && s.peer == kPeers;
  const float *reach = t.region_reach + (at.on_ipv6() ? t.regions() : 0);
  for (int c = 0; drawn && c < t.regions(); c++) logits[c] += reach[c];
  s.region = drawn ? draw_class(logits, t.regions(), at.draws(kRegionOfPlace).uniform(0), [=](int c) { return reach[c] > -INFINITY; })
                   : 0;
  at.out.input[at.i] = s.region;
  at.out.number[at.i] = 0;
}

// draw_place draws a remote of the region that is none of the recent ones.
STAN_HD void draw_place(const At &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  Row &r = s.row;
  if (s.tuple == kTuples && s.peer == kPeers) {
    int32_t others = (at.on_ipv6() ? at.g.ipv6_hosts : at.g.host_count - at.g.ipv6_hosts) - 1;
    for (int p = 0; p < s.lane.peers.used; p++) {
      const int32_t place = s.lane.peers.slot[p].row.place;
      if (place == 0) others--;
      if (t.place_bits[place] == 128 && place / kRegion == s.region) logits[place % kRegion] = -INFINITY;
    }
    const int first = s.region * kRegion;
    const int c = draw_class(logits, kRegion, at.draws(kPlace).uniform(0), [&](int k) {
      return reachable(at, first + k) && (first + k > 0 || others > 0) && logits[k] > -INFINITY;
    });
    // A region whose addresses are all recent peers leaves any address: the last place but one for IPv4, the last for IPv6.
    r.place = c >= 0 ? first + c : t.places - 2 + at.on_ipv6();
    if (r.place == 0)
      draw_internal(at);
    else
      draw_address(at, r.place);
  }
  at.emit(12, t.place_bucket[r.place], 0);
}

}  // namespace stan
