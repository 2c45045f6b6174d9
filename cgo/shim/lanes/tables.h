// The vocabulary of a model as the kernels read it. dataset/encode.Vocabulary in Go is its source.
#pragma once
#include "row.h"

namespace stan {

constexpr int kServices = 24;  // ports with marks of their own in the host profile
constexpr int kCopies = 9;     // port classes before the vocabulary's: as the base flow's, or 1 to 8 above
constexpr int kBag = 15;       // discrete inputs of a row
constexpr int kJoints = 2, kKindRows = 1024, kJointRows = kKindRows + 4096;  // inputs of several attributes of a row together
constexpr uint8_t kNoService = 255;
constexpr uint8_t kSeveralPackets = 16;  // bit of flags whose flows have two packets or more
constexpr int kMet = 16;       // remotes remembered of a network, the last ones
constexpr int kRegion = 96;    // neighbouring places that share a region, drawn before the place itself

// The edges of a value's bin, half a tick to either side. Below 0 there is no mass to miss, so the lowest bin is open.
struct Bin {
  float lower, upper;
  float rest;  // nats that a bin which was widened owes
};

// Narrower bins would vanish in float32. A density is flat over this width, as standard deviations are above e^-7.
constexpr double kNarrowest = 2e-4;

// A value attribute: frequent exact values, and a mixture in y = (ln(v+1) - centre) / scale for the rest.
struct Values {
  const int64_t *exact;  // ascending
  int32_t count;
  float centre, scale;
  int64_t most = int64_t(1) << 40;  // largest value that is drawn

  STAN_HD float y(int64_t v) const { return float((log(double(v) + 1) - centre) / scale); }

  STAN_HD Bin bin(int64_t v) const {
    const double upper = (log(double(v) + 1.5) - centre) / scale;
    if (v <= 0) return {-INFINITY, float(upper), 0};
    const double lower = (log(double(v) + 0.5) - centre) / scale;
    if (upper - lower >= kNarrowest) return {float(lower), float(upper), 0};
    const double middle = 0.5 * (lower + upper);
    return {float(middle - kNarrowest / 2), float(middle + kNarrowest / 2), float(log(kNarrowest * scale) - log(log1p(1 / (double(v) + 0.5))))};
  }
};

// atom_of returns the index of v among the exact values, their count if it is none of them.
STAN_HD int atom_of(const Values &values, int64_t v) {
  int from = 0, to = values.count;
  while (from < to) {
    const int middle = (from + to) / 2;
    if (values.exact[middle] < v)
      from = middle + 1;
    else
      to = middle;
  }
  return from < values.count && values.exact[from] == v ? from : values.count;
}

// Without tells what a network is trained without, to measure what it is worth.
struct Without {
  bool conversations;  // no row is remembered: no conversation or peer is offered, no port is that of a row before
  bool profile;        // the plan's marks are not told and not steered to; its rows and hours are
  bool atoms;          // no size or duration is copied; the tables hold no exact ones
};

struct Tables {
  Without without;
  Values gap, duration, packets, bytes;
  int64_t gap_tick, duration_tick;  // µs
  int32_t protos, flags, tos, labels;  // classes with a value; one more class stands for every other value, but for labels
  const uint8_t *proto_values, *flags_values, *tos_values;
  const uint8_t *flags_protos;  // [flags+1] bit set of the protocol groups seen with it, and kSeveralPackets
  // Port classes: 0 no port; 1..ports exact; then bins of neighbouring ports; then exact ICMP type*256+code; then any other.
  int32_t ports, bins, icmps;
  const uint16_t *port_class;    // [65536]
  const uint16_t *port_values;   // [ports]
  const uint8_t *port_protos;    // [ports+1] by class, bit set of the protocol groups seen with it
  const uint16_t *bin_ports;     // ports without a class of their own, bin by bin
  const int32_t *bin_start;      // [bins+1]
  const uint16_t *icmp_values;   // [icmps]
  const uint8_t *port_service;   // [65536] index of the service, or kNoService
  uint32_t low_services;         // bit set of the services below 1024
  // Places: class 0 is the internal network; then addresses and networks, the longest match wins.
  int32_t places;
  const uint32_t *place_addr;    // [places, 4]
  const uint8_t *place_bits;     // [places] prefix length of 128
  const int32_t *place_bucket;   // [places] row of the input table
  const float *region_reach;     // [2, regions] of lanes/reach.h
  int64_t bag_offset[kBag];      // first row of each discrete input in the row embedding's table
  int32_t mtu;                   // most bytes a packet
  float shorter_replies;         // share of flows of several packets that last less than the flow which they answer
  float returns[2][kMet + 1];    // share of rows from a network that come back to a remote, by how many of them there are

  STAN_HD int regions() const { return (places + kRegion - 1) / kRegion; }
  STAN_HD int port_classes() const { return 1 + ports + bins + icmps + 1; }
  STAN_HD int first_bin() const { return 1 + ports; }
  STAN_HD int first_icmp() const { return 1 + ports + bins; }
  STAN_HD int other_icmp() const { return 1 + ports + bins + icmps; }
};

// service_of is the service of a flow's port, kNoService where the protocol has no ports.
STAN_HD uint8_t service_of(uint16_t port, uint8_t proto, const Tables &t) { return has_ports(proto) ? t.port_service[port] : kNoService; }

// at_service tells whether a port is a service, or lies below 1024 where services lie.
STAN_HD bool at_service(uint16_t port, const Tables &t) { return port < 1024 || t.port_service[port] != kNoService; }

// without_service tells flows of which neither port is at a service.
STAN_HD bool without_service(uint16_t lport, uint16_t rport, uint8_t proto, const Tables &t) {
  return has_ports(proto) && !at_service(lport, t) && !at_service(rport, t);
}

// low_services is the bit set of the services that have a port below 1024.
inline uint32_t low_services(const uint8_t *port_service) {
  uint32_t set = 0;
  for (int p = 0; p < 1024; p++)
    if (port_service[p] != kNoService) set |= 1u << port_service[p];
  return set;
}

// Bit of a protocol in the sets of protocols seen with a port or with flags.
STAN_HD uint8_t proto_bit(uint8_t proto) { return proto == kTCP ? 1 : proto == kUDP ? 2 : has_types(proto) ? 4 : 8; }

}  // namespace stan
