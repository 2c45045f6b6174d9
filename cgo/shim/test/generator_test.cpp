// Tests of the generator's lanes: whatever the network says, rows keep the rules.
#include "test/check.h"
#include "test/machine.h"

using namespace stan;

namespace {

void test_reserved() {
  const struct {
    uint32_t a[4];
    bool want;
  } known[] = {
      {{0, 0, 0xffff, 0x00000001}, true},   // 0.0.0.1
      {{0, 0, 0xffff, 0x0a010203}, true},   // 10.1.2.3
      {{0, 0, 0xffff, 0x7f000001}, true},   // 127.0.0.1
      {{0, 0, 0xffff, 0xa9fe0101}, true},   // 169.254.1.1
      {{0, 0, 0xffff, 0xac100001}, true},   // 172.16.0.1
      {{0, 0, 0xffff, 0xac1fffff}, true},   // 172.31.255.255
      {{0, 0, 0xffff, 0xac0fffff}, false},  // 172.15.255.255
      {{0, 0, 0xffff, 0xac200000}, false},  // 172.32.0.0
      {{0, 0, 0xffff, 0xc0a80101}, true},   // 192.168.1.1
      {{0, 0, 0xffff, 0x64400000}, true},   // 100.64.0.0
      {{0, 0, 0xffff, 0x647fffff}, true},   // 100.127.255.255
      {{0, 0, 0xffff, 0x64800000}, false},  // 100.128.0.0
      {{0, 0, 0xffff, 0xe0000001}, true},   // 224.0.0.1
      {{0, 0, 0xffff, 0xffffffff}, true},   // 255.255.255.255
      {{0, 0, 0xffff, 0x08080808}, false},  // 8.8.8.8
      {{0, 0, 0xffff, 0x2adb9bbb}, false},  // 42.219.155.187
      {{0x20010db8, 0, 0, 1}, false},       // 2001:db8::1
      {{0xfe800000, 0, 0, 1}, true},        // fe80::1
      {{0xff020000, 0, 0, 1}, true},        // ff02::1
      {{0, 0, 0, 1}, true},                 // ::1
  };
  for (const auto &k : known)
    CHECK(reserved(k.a) == k.want, "reserved(%08x %08x %08x %08x) is %d", k.a[0], k.a[1], k.a[2], k.a[3], !k.want);
}

void test_other_byte() {
  Random r{3};
  for (int n : {0, 1, 4, 128, 250, 255}) {
    std::vector<uint8_t> known(256);
    for (int i = 0; i < 256; i++) known[i] = uint8_t(i);
    for (int i = 255; i > 0; i--) std::swap(known[i], known[r.below(i + 1)]);
    std::vector<int> drawn(256);
    for (int i = 0; i < 20000; i++) drawn[other_byte(known.data(), n, (float(i) + 0.5f) / 20000)]++;
    for (int i = 0; i < 256; i++)
      CHECK((drawn[known[i]] > 0) == (i >= n), "value %d was drawn %d times beside %d known ones", known[i], drawn[known[i]], n);
  }
}

void test_other_protocol() {
  const std::vector<uint8_t> known = {kTCP, kUDP, 47};
  std::vector<int> drawn(256);
  for (int i = 0; i < 1200; i++) drawn[other_protocol(known.data(), 3, (float(i) + 0.5f) / 1200)]++;
  CHECK(drawn[47] == 0 && drawn[4] == 100 && drawn[115] == 100, "GRE, which is known, %d times, IPv4 %d, L2TP %d of 1200", drawn[47],
        drawn[4], drawn[115]);
  std::vector<uint8_t> all(253);
  for (int i = 0; i < 253; i++) all[i] = uint8_t(i);
  CHECK(other_protocol(all.data(), 253, 0.5f) == 253, "another protocol than 0 to 252 is %d", other_protocol(all.data(), 253, 0.5f));
}

bool holds(const World &w, const Row &r) {
  const uint32_t *a = &w.place_addr[4 * r.place];
  for (int bit = 0; bit < w.place_bits[r.place]; bit++)
    if (((a[bit / 32] ^ r.addr[bit / 32]) >> (31 - bit % 32)) & 1) return false;
  return true;
}

// What the plan has none of is held back once it came, and ports that are no services are steered without these.
void test_leans() {
  auto lane = std::make_unique<Lane>();
  lane->forget();
  lane->start_day(Plan{});
  lane->plan.rows = 1000;
  lane->done = 500;
  const Steer steer(*lane, 1);
  CHECK(steer.logit(0, 0) == 0 && steer.logit(0.5f, 250) == 0, "a stream that keeps its plan is steered by %g and %g",
        steer.logit(0, 0), steer.logit(0.5f, 250));
  CHECK(steer.logit(0, 20) < -1, "what has no share and came 20 times is held back by %g", steer.logit(0, 20));
  CHECK(steer.logit(0.5f, 200) > 0 && steer.logit(0.5f, 300) < 0, "behind %g, ahead %g", steer.logit(0.5f, 200),
        steer.logit(0.5f, 300));

  // Half of the rows have TCP, all with the first service, which lies below 1024.
  float *mean = lane->plan.mean, *sum = lane->sum;
  mean[kProtocolMark] = mean[kLowPortMark] = mean[kLocalServices] = 0.5f;
  sum[kProtocolMark] = sum[kLowPortMark] = 250;
  sum[kLocalServices] = 200;
  const OtherPorts ports(steer, true, 1);
  CHECK(ports.low < -1 && ports.high == 0, "50 low ports that are no services are held back by %g, high ones by %g", ports.low, ports.high);
}

// Streams whose network has no opinion come nearer to their plan where they are steered. One alone would tell little: half its
// rows belong to some sixteen conversations, and have their protocols.
void test_steering() {
  const World w;
  constexpr int kSteered = 6, kStreams = 4, kRows = 1900;
  const int marks[kSteered] = {kProtocolMark, kProtocolMark + 1, kTupleMark, kOutboundMark, kLabelMark, kNoServiceMark};
  const float planned[kSteered] = {0.6f, 0.4f, 0.5f, 0.9f, 0.1f, 0.1f};
  float off[2][kSteered];
  for (const int steered : {0, 1}) {
    float share[kSteered] = {};
    for (int stream = 0; stream < kStreams; stream++) {
      Machine m(w, 3, uint64_t(7 + stream));
      m.g.steering = float(steered);
      for (int k = 0; k < kSteered; k++) m.slot.lane.plan.mean[marks[k]] = planned[k];
      for (const int side : {0, 1}) {  // the other nine flows in ten have a service on one side
        m.slot.lane.plan.mean[kLowPortMark + side] = 0.45f;
        for (int i = 0; i < 3; i++) m.slot.lane.plan.mean[(side ? kRemoteServices : kLocalServices) + i] = 0.15f;
      }
      m.slot.lane.plan.mean[kPeerMark] = 0.2f;
      m.slot.lane.plan.mean[kNewMark] = 0.3f;
      Random r{9};
      for (int i = 0; i < kRows; i++) {
        m.step(r, 0);
        finish(m.at());
      }
      for (int k = 0; k < kSteered; k++) share[k] += m.slot.lane.sum[marks[k]] / (kRows * kStreams);
    }
    for (int k = 0; k < kSteered; k++) off[steered][k] = std::fabs(share[k] - planned[k]);
  }
  for (int k = 0; k < kSteered; k++)
    CHECK(off[1][k] < 0.1f || off[1][k] < 0.8f * off[0][k], "mark %d is off by %g, without steering by %g", marks[k], off[1][k],
          off[0][k]);
}

// Sizes without a class come back by kind and packets, the most recent first.
void test_sizes() {
  Sizes sizes;
  sizes.clear();
  int64_t got[kBytesCopies];
  const auto recent = [&](int kind, int64_t packets) {
    sizes.recent(kind, packets, got);
    return got[0];
  };
  CHECK(recent(1, 2) == -1, "an empty list has %lld", (long long)got[0]);
  for (int64_t bytes : {100, 200, 300, 200}) sizes.touch({2, bytes, 1});
  sizes.touch({3, 400, 1});
  sizes.touch({2, 500, 2});
  CHECK(recent(1, 2) == 200 && got[1] == 300 && got[2] == 100 && got[3] == -1, "recent sizes are %lld, %lld, %lld, %lld",
        (long long)got[0], (long long)got[1], (long long)got[2], (long long)got[3]);
  CHECK(recent(1, 3) == 400 && got[1] == -1, "of three packets there is %lld", (long long)got[0]);
  for (int i = 0; i < 2 * kBytesCopies; i++) sizes.touch({2, i, 1});  // in one bucket
  CHECK(recent(1, 2) == 2 * kBytesCopies - 1 && got[kBytesCopies - 1] == kBytesCopies, "a full list forgets the oldest");
  CHECK(sizes.copy_of(1, 2, kBytesCopies) == kBytesCopies - 1 && sizes.copy_of(1, 2, 3) == kBytesCopies, "a size is found elsewhere");
}

// Sizes are offered by kind, the most recent first, each once; the one that was not seen for longest makes room.
void test_recent_sizes() {
  RecentSizes recent;
  recent.clear();
  uint8_t slots[kRepeats];
  const auto offers = [&](int kind, std::vector<int64_t> bytes) {
    const int n = recent.offered(kind, slots);
    bool same = n == int(bytes.size());
    for (int c = 0; same && c < n; c++) {
      const Size &s = recent.slot[slots[c]].size;
      same = s.bytes == bytes[c] && recent.rank_of(s) == c;
    }
    return same;
  };
  const auto see = [&](int64_t packets, int64_t bytes, int kind) { recent.touch({{packets, bytes, kind}, 0, 0, 0, 0, 0}); };
  CHECK(offers(3, {}), "an empty memory offers a size");
  for (int64_t bytes : {100, 200, 300, 200}) see(2, bytes, 3);
  see(3, 400, 3);
  see(2, 200, 2);
  CHECK(offers(3, {400, 200, 300, 100}) && offers(2, {200}) && offers(4, {}), "sizes are offered otherwise");
  recent.offered(3, slots);
  CHECK(recent.slot[slots[1]].count == 2 && recent.slot[slots[2]].count == 1, "sizes came %d and %d times", recent.slot[slots[1]].count,
        recent.slot[slots[2]].count);
  for (int64_t i = 0; i < kRecentSizes - 1; i++) see(1, i, 5);
  CHECK(offers(2, {200}) && offers(3, {}), "the oldest sizes did not make room first");
  CHECK(recent.offered(5, slots) == kRepeats && recent.rank_of({1, kRecentSizes - 2, 5}) == 0 && recent.rank_of({1, 0, 5}) == kRepeats,
        "more sizes are offered than the network knows");
}

// Durations are a given one and somewhat more, then those of the peer, then those of the kind, then that of the row before,
// each once, and but for the first ones none that has a class; a peer's go with it.
void test_recent_durations() {
  const World w;
  const Tables &t = w.t;
  Lane lane;
  lane.forget();
  Row row{};
  row.proto = kTCP;
  const int kind = size_kind(row, t);
  const auto offered = [&](int peer, int64_t last, int64_t base = -1) {
    lane.has_previous = last >= 0;
    lane.previous.duration = last;
    int64_t ticks[kDurationCopies];
    recent_durations(lane, row, base, peer, t, ticks);
    return std::vector<int64_t>(ticks, ticks + kDurationCopies);
  };
  const auto list = [](std::vector<int64_t> peer, std::vector<int64_t> kind, int64_t last) {
    std::vector<int64_t> want(kDurationCopies, -1);
    std::copy(peer.begin(), peer.end(), want.begin() + kSteps);
    std::copy(kind.begin(), kind.end(), want.begin() + kSteps + kPeerDurations);
    want.back() = last;
    return want;
  };
  const auto see = [&](int peer, int64_t ticks, int of) {
    if (atom_of(t.duration, ticks) == t.duration.count) lane.durations.touch({ticks, of});
    if (peer < kPeers) lane.peer_durations.touch(peer, of % 2, ticks);
  };
  CHECK(offered(0, 9) == list({}, {}, 9) && offered(0, 0) == list({}, {}, -1), "without durations the last one is not alone");
  for (int64_t ticks : {10, 20, 30, 20}) see(0, ticks, kind);
  see(1, 40, kind);
  see(kPeers, 50, kind);
  see(0, 60, kind + 1);  // the other direction
  see(0, 70, kind + 2);  // another service
  CHECK(offered(kPeers, -1) == list({}, {50, 40, 20, 30, 10}, -1), "what no peer is known of has other durations");
  CHECK(offered(1, 50) == list({40}, {50, -1, 20, 30, 10}, -1), "a peer's own durations are others");
  CHECK(offered(0, 7) == list({70, 20, 30, 10}, {50, 40}, 7), "durations of a peer come back");
  see(0, 0, kind);  // has a class
  CHECK(offered(0, 7) == list({-1, 70, 20, 30}, {50, 40, -1, -1, 10}, 7), "a duration with a class is offered");
  int64_t input = 0;
  float y = 0;
  const auto told = [&](int i, int64_t d) {
    lasted_input(&input, &y, i, lane, row, kTuples, 0, t);
    const int64_t first = i * (t.duration.count + 2), n = t.duration.count;
    return d < 0 ? input == first + n + 1 && y == 0 : input == first + atom_of(t.duration, d) && y == t.duration.y(d);
  };
  CHECK(told(0, -1) && told(1, 0) && told(2, 60) && told(3, 70) && told(4, -1) && told(5, 20), "other durations are told");
  row.outbound = 1;
  CHECK(offered(0, -1) == list({60}, {}, -1), "the other direction has other durations");
  CHECK(told(1, 60) && told(2, 0) && told(3, -1) && told(6, 20), "other durations of the other direction are told");
  row.outbound = 0;
  auto near = list({-1, 70, -1, 30}, {50, 40, -1, -1, 10}, -1);
  for (int step = 0; step < kSteps; step++) near[step] = 13 + step;
  CHECK(offered(0, 25, 13) == near, "there is no class for 13 ticks and each of the next ones, once");
  lane.peer_durations.leave(0);
  CHECK(offered(0, -1) == list({}, {50, 40, 20, 30, 10}, -1), "a peer that left has durations");
}

// Whatever the network says, rows keep the rules, and what was drawn as new is new.
void test_rows(float spread, int host_count, bool six) {
  const World w;
  const Tables &t = w.t;
  Machine m(w, host_count, 42, six);
  Random r{uint32_t(spread * 10) + uint32_t(host_count)};
  int64_t before = m.slot.lane.now;
  int other_proto = -1;
  int fresh_tuples = 0, fresh_peers = 0, copies = 0, binned = 0, repeats = 0, repeats_by_chance = 0, answers = 0;
  for (int i = 0; i < 4000; i++) {
    m.step(r, spread);
    const Slot &s = m.slot;
    const Row &q = s.row;
    CHECK(s.active, "row %d: the host ended", i);
    CHECK(q.end >= before && q.end == before + q.gap * t.gap_tick, "row %d: time %lld after %lld", i, (long long)q.end,
          (long long)before);
    before = q.end;
    const int tuple = find_tuple(s.lane, q), peer = find_peer(s.lane, q);
    CHECK(tuple == s.tuple, "row %d: conversation %d was chosen, the row's is %d", i, s.tuple, tuple);
    CHECK(s.tuple < kTuples || peer == s.peer, "row %d: peer %d was chosen, the row's is %d", i, s.peer, peer);
    if (s.tuple == kTuples && s.peer == kPeers && q.place != t.places - 2 + six)  // any address, if the region has no other
      CHECK(q.place / kRegion == s.region, "row %d: place %d of region %d", i, q.place, s.region);
    CHECK(is_ipv6(q.addr) == six, "row %d: address %08x %08x %08x %08x of another IP version", i, q.addr[0], q.addr[1], q.addr[2],
          q.addr[3]);
    CHECK(q.proto != (six ? kICMP : kICMPv6), "row %d: protocol %d of another IP version", i, q.proto);
    CHECK(q.place == 0 || holds(w, q), "row %d: address %08x is not in its place %d", i, q.addr[3], q.place);
    CHECK(q.place == 0 || !reserved(q.addr), "row %d: address %08x %08x %08x %08x is reserved", i, q.addr[0],
          q.addr[1], q.addr[2], q.addr[3]);
    if (q.place == 0)
      CHECK(q.addr[3] > 0x2adb0001u + six && q.addr[3] <= 0x2adb0000 + uint32_t(host_count), "row %d: %08x is no other host", i, q.addr[3]);
    const bool ports = has_ports(q.proto);
    if (ports) {
      CHECK(q.lport_class == t.port_class[q.lport] && q.rport_class == t.port_class[q.rport], "row %d: ports' classes", i);
      for (uint16_t c : {q.lport_class, q.rport_class})
        CHECK(port_allowed(t, c, q.proto), "row %d: port class %d with protocol %d", i, c, q.proto);
      CHECK(q.lport > 0 && q.rport > 0, "row %d: ports %d and %d with protocol %d", i, q.lport, q.rport, q.proto);
    } else {
      CHECK(q.lport == 0 && q.lport_class == 0, "row %d: protocol %d has local port %d", i, q.proto, q.lport);
      if (has_types(q.proto))
        CHECK(q.rport_class == icmp_class(t, q.rport), "row %d: class %d of ICMP %d", i, q.rport_class, q.rport);
      else
        CHECK(q.rport == 0 && q.rport_class == 0, "row %d: protocol %d has remote port %d", i, q.proto, q.rport);
    }
    const bool known = q.proto_class < t.protos;
    CHECK(known ? t.proto_values[q.proto_class] == q.proto
                : std::find(w.protos.begin(), w.protos.end(), q.proto) == w.protos.end(),
          "row %d: protocol %d of class %d", i, q.proto, q.proto_class);
    CHECK(known || other_proto < 0 || q.proto == other_proto, "row %d: protocol %d of a host that has %d", i, q.proto, other_proto);
    if (!known) other_proto = q.proto;
    CHECK((w.flags_protos[q.flags_class] & proto_bit(q.proto)) != 0, "row %d: flags %d with protocol %d", i, q.flags, q.proto);
    const Row *last = answered(s.lane, q, tuple, t);
    const int64_t before = last && last->duration > 0 ? last->duration : -1;
    CHECK(before < 0 || q.packets == 1 || q.duration >= before, "row %d: %lld ms, as an answer to %lld", i, (long long)q.duration, (long long)before);
    answers += before >= 0 && q.packets > 1;
    const bool several = q.duration > 0 || (w.flags_protos[q.flags_class] & kSeveralPackets) != 0;
    CHECK(q.packets >= 1 + several, "row %d: %lld packets in %lld ms, flags %d", i, (long long)q.packets, (long long)q.duration, q.flags);
    CHECK(q.bytes >= ((q.proto == kTCP ? 40 : 28) + (six ? 20 : 0)) * q.packets && q.bytes <= 1500 * q.packets, "row %d: %lld bytes in %lld packets", i, (long long)q.bytes,
          (long long)q.packets);
    CHECK(q.gap_atom == atom_of(t.gap, q.gap) && q.packets_atom == atom_of(t.packets, q.packets) &&
              q.bytes_atom == atom_of(t.bytes, q.bytes) && q.duration_atom == atom_of(t.duration, q.duration),
          "row %d: a value's atom is not its own", i);
    const int same = s.lane.recent_sizes.rank_of({q.packets, q.bytes, size_kind(q, t)});
    // A mixture that has nothing else to give repeats a size after all.
    const bool by_chance = same < kRepeats && q.repeat == kRepeats;
    CHECK(by_chance || q.repeat == same, "row %d: its size is that of class %d, %d was drawn", i, same, q.repeat);
    repeats += q.repeat < kRepeats;
    repeats_by_chance += by_chance;
    fresh_tuples += s.tuple == kTuples;
    fresh_peers += s.tuple == kTuples && s.peer == kPeers;
    if (s.tuple == kTuples && ports) {
      const Row *base = base_of(s.lane, s.peer, t);
      if (base && comparable(base->proto, q.proto)) copies += copied(q.rport, base->rport, q.proto) >= 0;
      binned += q.rport_class >= t.first_bin();
    }
    finish(m.at());
    CHECK(m.host == six, "row %d: the block has host %d, want %d", i, m.host, six);
    for (int k = 0; k < kBag; k++) {
      const int64_t end = k + 1 < kBag ? t.bag_offset[k + 1] : w.inputs;
      CHECK(m.bag[k] >= t.bag_offset[k] && m.bag[k] < end, "row %d: input %d is %lld", i, k, (long long)m.bag[k]);
    }
    for (float x : m.numeric) CHECK(std::isfinite(x), "row %d: continuous input %g", i, x);
    for (float x : m.plans) CHECK(std::isfinite(x), "row %d: plan input %g", i, x);
    CHECK(m.memory[0] >= 0 && m.memory[0] < kTuples && m.memory[1] >= kTuples && m.memory[1] < kEntries, "row %d: memory", i);
    CHECK(m.chosen_row >= 0 && m.chosen_row < kEntries, "row %d: chosen row %lld", i, (long long)m.chosen_row);
    for (int64_t b : m.tuple_bag) CHECK(b >= 0 && b < kCandidateRows + kTuples, "row %d: candidate input %lld", i, (long long)b);
    for (int64_t b : m.peer_bag) CHECK(b >= 0 && b < kCandidateRows + kPeers, "row %d: candidate input %lld", i, (long long)b);
    for (int64_t b : m.size_bag) CHECK(b >= 0 && b < t.packets.count + 1 + t.bytes.count + 1 + kSizeRows, "row %d: input %lld of a size", i, (long long)b);
    for (int64_t b : m.answered_bag) CHECK(b >= 0 && b < answered_rows(t), "row %d: input %lld of what is answered", i, (long long)b);
    for (float y : m.answered) CHECK(std::isfinite(y), "row %d: a size lies at %g", i, y);
    for (int64_t b : m.lasted_bag) CHECK(b >= 0 && b < lasted_rows(t), "row %d: duration input %lld", i, (long long)b);
    for (float y : m.lasted) CHECK(std::isfinite(y), "row %d: a duration lies at %g", i, y);
    for (int64_t b : m.chosen_bag)
      CHECK(b >= 0 && b <= 2 * kCandidateRows + kEntries, "row %d: chosen input %lld", i, (long long)b);
    if (failures > 20) return;
  }
  CHECK(fresh_tuples > 300 && fresh_peers > 100 && copies > 20 && binned > 100 && repeats > 100 && repeats_by_chance < 20 && answers > 50,
        "only %d new conversations, %d new peers, %d copied and %d binned ports, %d repeated sizes, %d answers", fresh_tuples, fresh_peers, copies,
        binned, repeats, answers);
}

// An address that is recent, and a network whose hosts are all recent, are not drawn. A region without another place gives
// any IPv4 address.
void test_exhausted_places() {
  const World w;
  Machine m(w, 3, 1);
  Lane &lane = m.slot.lane;
  for (uint32_t a : {0x2adb0002u, 0x2adb0003u, 0x08080808u}) {
    Row row{};
    row.end = lane.now;
    row.addr[2] = 0xffff;
    row.addr[3] = a;
    row.place = a == 0x08080808u ? 1 : 0;
    observe(lane, row, 0, w.t);
  }
  m.slot.tuple = kTuples;
  m.slot.peer = kPeers;
  for (int i = 0; i < 500; i++) {
    lane.position = i;
    std::vector<float> logits(kRegion, 0);
    logits[0] = logits[1] = 50;
    m.slot.region = 0;
    draw_place(m.at(), logits.data());
    CHECK(m.slot.row.place > 1, "place %d was drawn again", m.slot.row.place);
    logits.assign(kRegion, -INFINITY);
    draw_place(m.at(), logits.data());
    CHECK(m.slot.row.place == w.t.places - 2, "place %d, want any IPv4 address", m.slot.row.place);
  }
}

// A region of the other IP version is as likely as what there is to reach in it.
void test_reach() {
  const World w;
  Machine m(w, 2, 3, true);
  m.slot.tuple = kTuples;
  m.slot.peer = kPeers;
  int known = 0;
  const int draws = 2000, regions = w.t.regions();
  for (int i = 0; i < draws; i++) {
    m.slot.lane.position = i;
    std::vector<float> logits(regions, 0);
    draw_region(m.at(), logits.data());
    CHECK(std::isfinite(w.reach[regions + m.slot.region]), "region %d has nothing of IPv6", m.slot.region);
    known += m.slot.region == regions - 1;
  }
  // The first region has the internal networks alone, the last one 2001:db8::/32 and any address among IPv4's.
  CHECK(known > draws / 2 && known < draws, "%d of %d draws lie in the region of IPv6", known, draws);
}

// A label is drawn where the plan has some of it, and nowhere else.
void test_labels() {
  const World w;
  for (const float planned : {0.0f, 0.2f}) {
    Machine m(w, 2, 5);
    m.slot.lane.plan.mean[kLabelMark] = planned;
    int labelled = 0;
    for (int i = 0; i < 500; i++) {
      m.slot.lane.position = i;
      float logits[] = {0, 1};
      stan::draw(m.at(), kLabel, logits, 2, nullptr, 0);
      labelled += m.slot.row.label;
      CHECK(m.input == w.t.bag_offset[13] + m.slot.row.label, "label %d is input %lld", m.slot.row.label, (long long)m.input);
    }
    CHECK((labelled > 0) == (planned > 0), "%d of 500 rows have a label that the plan has a share %g of", labelled, planned);
  }
}

// A label that the network hardly draws comes to its share of the day; of one that it draws too often there is much less.
void test_rate_of_labels() {
  const World w;
  const float planned = 0.1f;
  for (const float logit : {-5.0f, 2.0f}) {
    Machine m(w, 2, 5);
    Lane &lane = m.slot.lane;
    m.g.steering = 1;
    lane.plan.mean[kLabelMark] = planned;
    while (lane.done < lane.plan.rows) {
      float logits[] = {0, logit};
      stan::draw(m.at(), kLabel, logits, 2, nullptr, 0);
      lane.sum[kLabelMark] += float(m.slot.row.label);
      lane.now = lane.plan.day * kDay + lane.done * (kDay / (lane.plan.rows + 1));
      lane.hour_done[(lane.now % kDay) / kHour]++;
      lane.done++;
      lane.position++;
    }
    const float got = lane.sum[kLabelMark] / float(lane.done);
    const float off = logit < 0 ? 0.03f : 0.15f;  // without steering 0.09 and 0.78
    CHECK(std::fabs(got - planned) < off, "a label of logit %g is on a share %g of the rows, planned are %g", logit, got, planned);
  }
}

// With a quota time may not leap, so that the rows come whatever the network says.
void test_quota_gaps() {
  const World w;
  Machine m(w, 2, 1);
  for (int i = 0; i < 200; i++) {
    const int64_t before = m.slot.lane.now;
    begin(m.at());
    std::vector<float> atoms(w.t.gap.count + 1, -1e9f), mixture = {0, 40, 3};
    atoms.back() = 0;
    stan::draw(m.at(), kGap, atoms.data(), int(atoms.size()), mixture.data(), 1);
    CHECK(m.slot.row.end <= before + 2 * kDay, "a gap of %lld days", (long long)((m.slot.row.end - before) / kDay));
    CHECK(m.slot.active && day_of(m.slot.row.end) == m.slot.lane.plan.day, "row %d is on day %lld of the plan for %lld", i,
          (long long)day_of(m.slot.row.end), (long long)m.slot.lane.plan.day);
    m.slot.row.place = 5;
    finish(m.at());
  }
}

// Flows end soon after 1970 began, and none starts before.
void test_earliest_rows() {
  const World w;
  Machine m(w, 2, 1);
  for (int64_t end : {0, 1, 2999, 3000, 40 * 1000}) {
    m.slot.row.end = end;
    m.slot.row.packets = 2;
    std::vector<float> atoms(w.t.duration.count + 1 + kDurationCopies, -1e9f), mixture = {0, 40, 3};
    atoms[w.t.duration.count] = 0;
    stan::draw(m.at(), kDuration, atoms.data(), int(atoms.size()), mixture.data(), 1);
    const int64_t start = end - m.slot.row.duration * w.t.duration_tick;
    CHECK(start >= 0 && m.slot.row.duration >= 0, "a flow that ends at %lld starts at %lld", (long long)end, (long long)start);
  }
}

}  // namespace

void test_generator() {
  test_reserved();
  test_sizes();
  test_recent_sizes();
  test_recent_durations();
  test_steering();
  test_other_byte();
  test_other_protocol();
  test_leans();
  test_exhausted_places();
  test_reach();
  test_labels();
  test_rate_of_labels();
  test_quota_gaps();
  test_earliest_rows();
  for (float spread : {0.0f, 3.0f, 12.0f})
    for (int host_count : {1, 2, 50})
      for (bool six : {false, true})
        if (host_count > six) test_rows(spread, host_count, six);
}
