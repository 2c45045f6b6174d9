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

// reachable tells whether a place holds addresses of an IP version.
STAN_HD bool reachable(const Tables &t, int place, bool six) {
  return place < t.places && (place == 0 || is_ipv6(t.place_addr + int64_t(place) * 4) == six);
}

// draw_internal draws another generated host that is no recent remote; there must be one.
template <class M>
STAN_HD int32_t draw_internal(const At<M> &at) {
  const int32_t own = at.s.host;
  const Draws d = at.draws(kPlace);
  const bool six = at.on_ipv6();
  for (int attempt = 1; attempt <= kAttempts; attempt++) {
    int32_t other = int32_t(d.again(attempt).uniform(0) * float(at.g.host_count - 1));
    if (other >= own) other++;
    const uint32_t *addr = at.g.address_of(other);
    if (is_ipv6(addr) == six && find_remote(at.s.lane, addr, at.team) == kPeers) return other;
  }
  // The first that will do, which is the last one if no other before it does.
  return at.team.search(at.g.host_count - 1, [&](int32_t other) {
    const uint32_t *addr = at.g.address_of(other);
    return other != own && is_ipv6(addr) == six && find_remote(at.s.lane, addr) == kPeers;
  });
}

// draw_address draws an address of a network that is no recent remote: one met before, or any.
template <class M>
STAN_HD void draw_address(const At<M> &at, int place, uint32_t *addr) {
  const Tables &t = at.t;
  const Lane &lane = at.s.lane;
  const uint32_t *prefix = t.place_addr + int64_t(place) * 4;
  const int bits = t.place_bits[place];
  const int known = returnable(lane, place, at.team);
  const Draws d = at.draws(kPlace);
  if (bits < 128 && d.uniform(1) < t.returns[return_kind(place, t)][known]) {
    const Remote *met = nullptr;
    returnable(lane, place, at.team, int(d.uniform(2) * float(known)), &met);
    if (met)
      for (int k = 0; k < 4; k++) addr[k] = met->addr[k];
    return;
  }
  for (int attempt = 1; attempt <= kAttempts; attempt++) {
    const Words w = d.again(attempt).words;
    for (int k = 0; k < 4; k++) {
      const int known = bits - 32 * k;
      const uint32_t mask = known <= 0 ? 0 : known >= 32 ? 0xffffffffu : ~(0xffffffffu >> known);
      addr[k] = (prefix[k] & mask) | (w.x[k] & ~mask);
    }
    if (bits < 3) addr[0] = (addr[0] & 0x1fffffffu) | 0x20000000u;  // any IPv6 address is one of 2000::/3
    if (bits == 128 || (!reserved(addr) && find_remote(lane, addr, at.team) == kPeers)) return;
  }
}

// draw_region draws the region of a new remote; its number is the input of the places' weights.
template <class M>
STAN_HD void draw_region(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const int regions = at.t.regions();
  int region = 0;
  if (s.tuple == kTuples && s.peer == kPeers) {
    const float *reach = at.t.region_reach + (at.on_ipv6() ? regions : 0);
    for (int c = at.team.rank(); c < regions; c += at.team.size) logits[c] += reach[c];
    region = draw_class(logits, regions, at.draws(kRegionOfPlace).uniform(0), [=](int c) { return reach[c] > -INFINITY; }, at.team);
  }
  at.team.alone([&] {
    s.region = region;
    at.out.input[at.i] = region;
    at.out.number[at.i] = 0;
  });
}

// draw_place draws a remote of the region that is none of the recent ones.
template <class M>
STAN_HD void draw_place(const At<M> &at, float *logits) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const bool drawn = s.tuple == kTuples && s.peer == kPeers;
  int place = s.row.place;
  uint32_t addr[4];
  if (drawn) {
    const bool six = at.on_ipv6();
    int32_t recent = 0;  // internal ones
    for (int p = at.team.rank(); p < s.lane.peers.used; p += at.team.size) {
      const int32_t peer = s.lane.peers.slot[p].row.place;
      recent += peer == 0;
      if (t.place_bits[peer] == 128 && peer / kRegion == s.region) logits[peer % kRegion] = -INFINITY;
    }
    const int32_t others = (six ? at.g.ipv6_hosts : at.g.host_count - at.g.ipv6_hosts) - 1 - at.team.sum(recent);
    at.team.sync();  // the logits of peers' places are other members'
    const int first = s.region * kRegion;
    const int c = draw_class(logits, kRegion, at.draws(kPlace).uniform(0), [&](int k) {
      return reachable(t, first + k, six) && (first + k > 0 || others > 0) && logits[k] > -INFINITY;
    }, at.team);
    // A region whose addresses are all recent peers leaves any address: the last place but one for IPv4, the last for IPv6.
    place = c >= 0 ? first + c : t.places - 2 + six;
    for (int k = 0; k < 4; k++) addr[k] = s.row.addr[k];
    if (place > 0) {
      draw_address(at, place, addr);
    } else {
      const uint32_t *host = at.g.address_of(draw_internal(at));
      for (int k = 0; k < 4; k++) addr[k] = host[k];
    }
  }
  at.team.alone([&] {
    if (drawn) {
      s.row.place = place;
      for (int k = 0; k < 4; k++) s.row.addr[k] = addr[k];
    }
    at.emit(12, t.place_bucket[place], 0);
  });
}

}  // namespace stan
