// The attributes of a row in the order they are drawn, and what each class of them means.
#pragma once
#include "features.h"

namespace stan {

enum Head {
  kGap, kLabel, kConversation, kPeer, kRegionOfPlace, kPlace, kDirection, kProtocol, kLocalPort, kRemotePort, kFlags, kToS,
  kRepeat, kPackets, kBytes, kDuration, kHeads
};

// base_of is the row that copied ports refer to: the chosen peer's last, else the stream's last; NULL without one.
STAN_HD const Row *base_of(const Lane &lane, int peer, const Tables &t) {
  if (peer < kPeers) return &lane.peers.slot[peer].row;
  return !t.without.conversations && lane.has_previous ? &lane.previous : nullptr;
}

// comparable tells whether ports of the two protocols mean the same kind of thing.
STAN_HD bool comparable(uint8_t a, uint8_t b) { return (has_ports(a) && has_ports(b)) || (has_types(a) && a == b); }

// copied returns the class of a port that is its base's, or 1 to 8 above it; -1 if it is neither. ICMP's types and codes
// have no order, so only the same one counts. base is -1 for none.
STAN_HD int copied(int port, int base, uint8_t proto) {
  const int above = port - base;
  return base >= 0 && above >= 0 && above < (has_types(proto) ? 1 : kCopies) ? above : -1;
}

// rest_of_port returns the nats that tell a port once its vocabulary class is known.
STAN_HD float rest_of_port(int vocabulary_class, const Tables &t) {
  const int bin = vocabulary_class - t.first_bin();
  if (bin >= 0 && bin < t.bins) return logf(float(t.bin_start[bin + 1] - t.bin_start[bin]));
  if (vocabulary_class == t.other_icmp()) return logf(float(65536 - t.icmps));
  return 0;
}

STAN_HD float rest_of_byte(int c, int known) { return c < known ? 0.0f : logf(float(256 - known)); }

}  // namespace stan
