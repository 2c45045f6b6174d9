// A lane is the memory of one host's stream: its recent conversations and peers, its plan for the day and what of it is done.
// Training replays recorded rows through it, generating feeds it the rows it draws: the same code either way.
#pragma once
#include "memory.h"

namespace stan {

constexpr int kGroups = 4 + 5 + 6 + 7 + 7 + 8;  // marks of which a row has one in each group
constexpr int kLabelMarks = 8;                  // for the commonest labels but the first
constexpr int kMarks = 2 * kServices + kGroups + kLabelMarks + 29;
constexpr int kClock = 11;  // numeric inputs about the clock against the plan
constexpr int kPlan = 4 * kMarks + kClock;  // numeric inputs about the plan
constexpr int kNumeric = 8;             // numeric inputs of a row
constexpr int kCandidateBag = 4;        // discrete inputs of a candidate
constexpr int kAgeRows = 16, kAgeTime = 18, kCounts = 8;
constexpr int kCandidateRows = kAgeRows + kAgeTime + kCounts;  // table rows before the ranks
constexpr float kShrink = 32;  // rows of the day's mean that what is still to come is mixed with

// Plan is what a host is to do on one day: how often each mark, and how many rows each hour.
struct Plan {
  int64_t day;  // days since 1970
  int32_t rows;
  int32_t hour_rows[24];
  float mean[kMarks];
};

struct Lane {
  int64_t now;       // end of the last row, µs
  int32_t position;  // rows so far
  int32_t has_previous;
  Row previous;
  List<kTuples> tuples;
  List<kPeers> peers;
  Sizes sizes;
  RecentSizes recent_sizes;
  Durations durations;
  PeerDurations peer_durations;
  Met met;
  Plan plan;
  int32_t done;            // rows of the plan's day
  int32_t hour_done[24];
  float sum[kMarks];       // of the rows done

  STAN_HD void forget() {
    position = 0;
    has_previous = 0;
    tuples.clear();
    peers.clear();
    sizes.clear();
    recent_sizes.clear();
    durations.clear();
    peer_durations.clear();
    met.clear();
  }

  STAN_HD void start_day(const Plan &p) {
    plan = p;
    done = 0;
    for (int h = 0; h < 24; h++) hour_done[h] = 0;
    for (int m = 0; m < kMarks; m++) sum[m] = 0;
  }
};

template <class M = Single>
STAN_HD int find_tuple(const Lane &lane, const Row &row, const Team<M> &team = {}) {
  return lane.tuples.find([&](const Row &r) { return same_conversation(r, row); }, team);
}

template <class M = Single>
STAN_HD int find_remote(const Lane &lane, const uint32_t *addr, const Team<M> &team = {}) {
  return lane.peers.find([&](const Row &r) { return same_address(r.addr, addr); }, team);
}

template <class M = Single>
STAN_HD int find_peer(const Lane &lane, const Row &row, const Team<M> &team = {}) {
  return find_remote(lane, row.addr, team);
}

STAN_HD float seconds(int64_t ticks, int64_t tick) { return float(ticks) * (float(tick) * 1e-6f); }

// Where marks stand that others than marks() speak of; those before kLocalServices come in groups of which a row has one.
constexpr int kProtocolMark = 0, kTupleMark = 4, kPeerMark = 5, kNewMark = 6, kGapMark = 9, kDurationMark = 15, kSizeMark = 22,
              kPrecedenceMark = 29, kLocalServices = kGroups, kRemoteServices = kLocalServices + kServices,
              kLabelMark = kRemoteServices + kServices, kIPv6Mark = kLabelMark + kLabelMarks, kLowPortMark = kIPv6Mark + 1,
              kNoServiceMark = kLowPortMark + 2, kOutboundMark = kLowPortMark + 4, kFlagMark = kOutboundMark + 10, kPacketsMark = kOutboundMark + 6,
              kRepeatMark = kMarks - 6, kCopyMark = kMarks - 4, kNewBytesMark = kMarks - 3, kLastedMark = kMarks - 2,
              kFreeDurationMark = kMarks - 1;

constexpr int kFlagMarks = 4;

// flag_mark tells one of four traits of TCP flags: SYN alone, RST, FIN, PSH.
STAN_HD bool flag_mark(uint8_t flags, int trait) {
  return trait == 0 ? flags == 2 : (flags & (trait == 1 ? 4 : trait == 2 ? 1 : 8)) != 0;
}

STAN_HD int protocol_group(uint8_t proto) { return proto == kTCP ? 0 : proto == kUDP ? 1 : has_types(proto) ? 2 : 3; }

// place is the number of ascending bounds that x reaches.
template <int N>
STAN_HD int place(float x, const float (&bounds)[N]) {
  int n = 0;
  while (n < N && x >= bounds[n]) n++;
  return n;
}

STAN_HD int gap_group(float seconds) { return place(seconds, {0.5f, 1.5f, 5.5f, 30.5f, 300.5f}); }
STAN_HD int duration_group(float seconds) { return place(seconds, {0.0005f, 0.1f, 1.0f, 10.0f, 60.0f, 240.0f}); }

// size_group is that of the bytes a packet.
STAN_HD int size_group(int64_t bytes, int64_t packets) {
  return place(float(bytes) / float(packets > 0 ? packets : 1), {44.0f, 60.0f, 80.0f, 120.0f, 400.0f, 1000.0f});
}

// marks describes one row by kMarks numbers of about 0 to 1, whose means over a day are the host's profile: first the
// groups, of which a row has one mark each, then the others. tuple and peer are the slots the row was found in before it
// was observed.
STAN_HD void marks(float *m, const Row &row, const Lane &lane, int tuple, int peer, const Tables &t) {
  const bool tcp = row.proto == kTCP;
  const float gap = seconds(row.gap, t.gap_tick), duration = seconds(row.duration, t.duration_tick);
  for (int i = 0; i < kGroups; i++) m[i] = 0;
  m[kProtocolMark + protocol_group(row.proto)] = 1;
  m[tuple < kTuples ? kTupleMark : peer < kPeers ? kPeerMark : kNewMark + (row.place == 0 ? 2 : t.place_bits[row.place] < 128)] = 1;
  m[kGapMark + gap_group(gap)] = 1;
  m[kDurationMark + duration_group(duration)] = 1;
  m[kSizeMark + size_group(row.bytes, row.packets)] = 1;
  m[kPrecedenceMark + (row.tos >> 5)] = 1;  // RFC 791
  m += kGroups;
  const bool ports = has_ports(row.proto);
  const uint8_t lservice = service_of(row.lport, row.proto, t), rservice = service_of(row.rport, row.proto, t);
  for (int s = 0; s < kServices; s++) *m++ = lservice == s;
  for (int s = 0; s < kServices; s++) *m++ = rservice == s;
  for (int l = 1; l <= kLabelMarks; l++) *m++ = row.label == l;
  *m++ = is_ipv6(row.addr);
  *m++ = ports && row.lport < 1024;
  *m++ = ports && row.rport < 1024;
  *m++ = without_service(row.lport, row.rport, row.proto, t);
  *m++ = row.place == 0;
  *m++ = row.outbound;
  *m++ = logf(float(row.bytes) + 1) / 16;
  *m++ = logf(float(row.packets) + 1) / 10;
  *m++ = logf(1000 * duration + 1) / 14;
  *m++ = logf((float(row.bytes) + 1) / (float(row.packets) + 1)) / 8;
  *m++ = logf(gap + 1) / 7;
  *m++ = row.packets == 1;
  *m++ = row.packets == 2;
  *m++ = row.bytes >= 10000;
  *m++ = row.bytes >= 1000000;
  for (int f = 0; f < kFlagMarks; f++) *m++ = tcp && flag_mark(row.flags, f);
  *m++ = row.tos != 0;
  const bool again = lane.has_previous && same_remote(lane.previous, row);
  *m++ = again;
  const bool whole = again && same_conversation(lane.previous, row);
  *m++ = whole && lane.previous.outbound != row.outbound;
  *m++ = whole && lane.previous.outbound == row.outbound;
  const bool repeats = row.repeat < kRepeats, copies = row.bytes_copy < kBytesCopies;
  *m++ = repeats && row.bytes_atom < t.bytes.count;
  *m++ = repeats && row.bytes_atom == t.bytes.count;
  *m++ = !repeats && copies;
  *m++ = !repeats && !copies && row.bytes_atom == t.bytes.count;
  const bool lasted = row.duration_copy < kDurationCopies;
  *m++ = lasted;
  *m++ = !lasted && row.duration_atom == t.duration.count;
}

// of_network tells rows whose remote is known by its network only.
STAN_HD bool of_network(const Row &row, const Tables &t) { return row.place > 0 && t.place_bits[row.place] < 128; }

// A row from a network may come back to the remotes that were met there and are no recent peers; returnable counts them, and
// leaves the i-th one in found if there is one.
template <class M>
STAN_HD int returnable(const Lane &lane, int place, const Team<M> &team, int i = -1, const Remote **found = nullptr) {
  int n = 0;
  for (int from = 0; from < kMet; from += team.size) {
    const Remote *e = lane.met.of(place, from + team.rank());
    const bool may = e && find_remote(lane, e->addr) == kPeers;
    const int upto = team.upto(int(may)), own = team.first(may && n + upto == i + 1);
    if (own < team.size) *found = lane.met.of(place, from + own);
    n += team.of(upto, team.size - 1);
  }
  return n;
}

// returned is how many of them are the row's own.
template <class M>
STAN_HD int returned(const Lane &lane, const Row &row, const Team<M> &team) {
  int n = 0;
  for (int r = team.rank(); r < kMet; r += team.size) {
    const Remote *e = lane.met.of(row.place, r);
    n += e && same_address(e->addr, row.addr);
  }
  return team.sum(n);
}

// return_kind tells networks that the vocabulary knows from any address.
STAN_HD int return_kind(int place, const Tables &t) { return place >= t.places - 2; }

// size_kind tells rows whose sizes are alike: of one direction, protocol, service and flags.
STAN_HD int size_kind(const Row &row, const Tables &t) {
  const uint8_t local = service_of(row.lport, row.proto, t), remote = service_of(row.rport, row.proto, t);
  const int service = local != kNoService ? 1 + local : remote != kNoService ? 1 + kServices + remote : 0;
  return ((row.flags_class * (1 + 2 * kServices) + service) * 4 + protocol_group(row.proto)) * 2 + row.outbound;
}

// Offer is the sizes that a row may repeat, the most recent first.
struct Offer {
  const RecentSizes &recent;
  uint8_t slots[kRepeats];
  int n;

  STAN_HD Offer(const Lane &lane, const Row &row, const Tables &t)
      : recent(lane.recent_sizes), n(recent.offered(size_kind(row, t), slots)) {}

  STAN_HD const SizeEntry &operator[](int c) const { return recent.slot[slots[c]]; }
};

// answered is the flow that a row of the conversation in a slot answers: the last one, if it went the other way; NULL if it does not
// answer any.
STAN_HD const Row *answered(const Lane &lane, const Row &row, int tuple, const Tables &t) {
  if (t.without.atoms || tuple == kTuples) return nullptr;
  const Row &last = lane.tuples.slot[tuple].row;
  return last.outbound != row.outbound ? &last : nullptr;
}

// base_duration is what a row is likely to last, or some ticks more: as long as the flow which it answers, else as the last one of its
// peer, since what begins at one time is told as it ends; -1 if there is none that took some time.
STAN_HD int64_t base_duration(const Lane &lane, const Row &row, int tuple, int peer, const Tables &t) {
  if (t.without.atoms || peer == kPeers) return -1;
  const Row *last = answered(lane, row, tuple, t);
  const int64_t d = last ? last->duration : lane.peers.slot[peer].row.duration;
  return d > 0 ? d : -1;
}

// recent_durations writes those that a row of a peer may have again, each once, -1 where there is none: base and the next ticks, if it is
// not -1; then, where they have no class of their own, those of the peer, those of the row's kind, and that of the row before.
STAN_HD void recent_durations(const Lane &lane, const Row &row, int64_t base, int peer, const Tables &t, int64_t (&ticks)[kDurationCopies]) {
  for (int64_t &d : ticks) d = -1;
  if (t.without.atoms) return;
  int n = 0;
  const auto put = [&](int64_t d) {
    const int c = n++;
    if (d >= 0 && place_in(ticks, c, d) == c) ticks[c] = d;
  };
  const auto put_free = [&](int64_t d) { put(d >= 0 && atom_of(t.duration, d) == t.duration.count ? d : -1); };
  for (int step = 0; step < kSteps; step++) put(base < 0 ? -1 : base + step);
  for (int r = 0; r < kPeerDurations; r++) put_free(lane.peer_durations.of(peer, row.outbound, r));
  const int kind = size_kind(row, t), b = Durations::bucket_of(kind);
  for (int r = 0; r < kKindDurations; r++) {
    const Duration *d = r < lane.durations.used[b] ? &lane.durations.slot[b][r] : nullptr;
    put(d && d->kind == kind ? d->ticks : -1);
  }
  put_free(lane.has_previous ? lane.previous.duration : -1);
}

// copy_of_duration is which of them the row has, kDurationCopies for none. Only base and the next ticks may have a class of their own.
STAN_HD int copy_of_duration(const Lane &lane, const Row &row, int64_t base, int peer, const Tables &t) {
  const bool known = row.duration_atom < t.duration.count;
  if (known && base < 0) return kDurationCopies;
  int64_t ticks[kDurationCopies];
  recent_durations(lane, row, base, peer, t, ticks);
  const int n = known ? kSteps : kDurationCopies, found = place_in(ticks, n, row.duration);
  return found < n ? found : kDurationCopies;
}

// repeat_of is which of the sizes that the row is offered it has, kRepeats for none.
STAN_HD uint8_t repeat_of(const Lane &lane, const Row &row, const Tables &t) {
  return uint8_t(lane.recent_sizes.rank_of({row.packets, row.bytes, size_kind(row, t)}));
}

// recall writes what the lane's memory says of a row that comes next, and tells whether its remote is drawn from a network.
template <class M = Single>
STAN_HD bool recall(const Lane &lane, Row &row, const Tables &t, const Team<M> &team = {}) {
  const int kind = size_kind(row, t), peer = find_peer(lane, row, team);
  const uint8_t repeat = repeat_of(lane, row, t);
  const int lasted = copy_of_duration(lane, row, base_duration(lane, row, find_tuple(lane, row, team), peer, t), peer, t);
  const uint8_t copy = row.bytes_atom < t.bytes.count ? kBytesCopies : lane.sizes.copy_of(kind, row.packets, row.bytes);
  const bool drawn = of_network(row, t) && peer == kPeers;
  const int to = drawn ? returnable(lane, row.place, team) : 0, own = drawn ? returned(lane, row, team) : 0;
  team.alone([&] {
    row.repeat = repeat;
    row.bytes_copy = copy;
    row.duration_copy = uint8_t(lasted);
    row.returnable = uint8_t(to);
    row.returned = uint8_t(own);
  });
  return drawn;
}

// rest_of_place is the nats that tell the row's remote once its place is known, where it is no recent peer's.
STAN_HD float rest_of_place(const Row &row, const Tables &t) {
  const int free = 128 - t.place_bits[row.place];
  if (row.returnable == 0) return kLn2 * float(free);
  const float back = t.returns[return_kind(row.place, t)][row.returnable];
  if (row.returned == 0) return kLn2 * float(free) - logf(1 - back);
  return -logf(back * float(row.returned) / float(row.returnable) + (1 - back) * exp2f(-float(free)));
}

struct Observed {
  int tuple, peer;            // slots the row went to, the first where none is remembered
  int tuple_rank, peer_rank;  // ranks it was found at, kTuples and kPeers for new ones
};

// observe makes the row part of the lane's memory.
template <class M = Single>
STAN_HD Observed observe(Lane &lane, const Row &row, int32_t ref, const Tables &t, const Team<M> &team = {}) {
  const int tuple = find_tuple(lane, row, team), peer = find_peer(lane, row, team);
  Observed o = {0, 0, lane.tuples.rank_of(tuple, team), lane.peers.rank_of(peer, team)};
  float m[kMarks];
  marks(m, row, lane, tuple, peer, t);
  for (int i = team.rank(); i < kMarks; i += team.size) lane.sum[i] += m[i];
  team.alone([&] {
    lane.done++;
    lane.hour_done[(row.end - day_of(row.end) * kDay) / kHour]++;
    if (!t.without.conversations) {
      o.tuple = lane.tuples.touch(tuple, row, ref, lane.position);
      o.peer = lane.peers.touch(peer, row, ref, lane.position);
      Entry &a = lane.tuples.slot[o.tuple], &b = lane.peers.slot[o.peer];
      a.tuple_rank = b.tuple_rank = int16_t(o.tuple_rank);
      a.peer_rank = b.peer_rank = int16_t(o.peer_rank);
      if (peer == kPeers && of_network(row, t)) lane.met.touch(row);
      if (peer == kPeers) lane.peer_durations.leave(o.peer);
    }
    if (!t.without.atoms) {
      const Size size{row.packets, row.bytes, size_kind(row, t)};
      lane.recent_sizes.touch({size, mark_of(row.addr), lane.position, 0, row.packets_atom, row.bytes_atom});
      if (row.duration_atom == t.duration.count) lane.durations.touch({row.duration, size.kind});
      if (!t.without.conversations) lane.peer_durations.touch(o.peer, row.outbound, row.duration);
      if (row.bytes_atom == t.bytes.count) lane.sizes.touch(size);
    }
    lane.position++;
    lane.now = row.end;
    lane.previous = row;
    lane.has_previous = 1;
  });
  o.tuple = team.of(o.tuple, 0);
  o.peer = team.of(o.peer, 0);
  return o;
}

}  // namespace stan
