// The encoded flow: exact values beside the classes that the network's tables know them by. dataset/encode.Row in Go has
// the same layout, field by field.
#pragma once
#include "hd.h"

namespace stan {

constexpr float kLn2 = 0.69314718f;

enum Proto : uint8_t { kICMP = 1, kTCP = 6, kUDP = 17, kICMPv6 = 58 };

struct Row {
  int64_t end;       // last packet, µs since 1970 UTC
  int64_t gap;       // since the end of the row before, in ticks
  int64_t duration;  // in ticks
  int64_t packets;
  int64_t bytes;
  uint32_t addr[4];  // remote address, most significant word first; IPv4 as ::ffff:a.b.c.d
  int32_t place;     // class of the remote address
  uint16_t lport, rport;
  uint16_t lport_class, rport_class;
  uint16_t gap_atom, duration_atom, packets_atom, bytes_atom;  // index of the exact value, the table's size for none
  uint8_t outbound, proto, flags, tos;
  uint8_t proto_class, flags_class, tos_class, label;
  // What the stream's memory says of the row when it comes, see recall in lane.h.
  uint8_t repeat;                // rank of packets and bytes among the recent sizes of its kind, kRepeats for none
  uint8_t bytes_copy;            // rank of the bytes among the last ones of their kind, kBytesCopies for none
  uint8_t duration_copy;         // rank of the duration among those of its peer and kind, kDurationCopies for none
  uint8_t returnable, returned;  // remotes of its network that it could come back to, and how many of them are its own
};
static_assert(sizeof(Row) == 96, "dataset/encode.Row has this size");

STAN_HD bool has_ports(uint8_t proto) { return proto == kTCP || proto == kUDP; }

// has_types tells protocols whose type and code stand in the remote port.
STAN_HD bool has_types(uint8_t proto) { return proto == kICMP || proto == kICMPv6; }

// is_ipv6 tells IPv6 addresses, and networks of them, from IPv4's.
STAN_HD bool is_ipv6(const uint32_t *addr) { return addr[0] != 0 || addr[1] != 0 || addr[2] != 0xffff; }

STAN_HD bool same_address(const uint32_t *a, const uint32_t *b) {
  return a[3] == b[3] && a[2] == b[2] && a[1] == b[1] && a[0] == b[0];
}

STAN_HD bool same_remote(const Row &a, const Row &b) { return same_address(a.addr, b.addr); }

// same_conversation compares five-tuples as their host sees them, so that a reply equals its request.
STAN_HD bool same_conversation(const Row &a, const Row &b) {
  return a.rport == b.rport && a.lport == b.lport && a.proto == b.proto && same_remote(a, b);
}

constexpr int64_t kSecond = 1000000, kHour = 3600 * kSecond, kDay = 24 * kHour;

STAN_HD int64_t floor_div(int64_t a, int64_t b) { return a / b - (a % b != 0 && (a < 0) != (b < 0)); }
STAN_HD int64_t day_of(int64_t us) { return floor_div(us, kDay); }

}  // namespace stan
