// A generator of one lane and a network that has little to say.
#pragma once
#include <limits>

#include "lanes/generator.h"
#include "test/check.h"
#include "test/crew.h"
#include "test/world.h"

namespace stan {

// Machine is a generator of one lane on tables of its own.
struct Machine {
  const World &w;
  Slot slot{};
  Plan plan{};
  std::vector<uint32_t> hosts;
  std::vector<float> plans = std::vector<float>(kPlan), tuple_mask = std::vector<float>(kTuples),
                     peer_mask = std::vector<float>(kPeers), size_mask = std::vector<float>(kRepeats),
                     size_numeric = std::vector<float>(kRepeats * kSizeNumeric), numeric = std::vector<float>(kNumeric), answered = std::vector<float>(kAnswered), lasted = std::vector<float>(kLasted);
  std::vector<int64_t> tuple_bag = std::vector<int64_t>(kTuples * kCandidateBag),
                       peer_bag = std::vector<int64_t>(kPeers * kCandidateBag),
                       size_bag = std::vector<int64_t>(kRepeats * kSizeBag),
                       answered_bag = std::vector<int64_t>(kAnswered), lasted_bag = std::vector<int64_t>(kLasted),
                       chosen_bag = std::vector<int64_t>(kCandidateBag), bag = std::vector<int64_t>(kBag);
  int64_t chosen_row = 0, input = 0, joint[kJoints] = {}, memory[2] = {};
  float chosen = 0, number = 0;
  Row row{};
  int32_t host = 0;
  Generator g{};
  Crew *crew = nullptr;

  // Where six holds, every other host has IPv6, and the lane's is the first of these.
  Machine(const World &world, int host_count, uint64_t seed, bool six = false) : w(world) {
    for (uint32_t i = 0; i < uint32_t(host_count); i++)
      hosts.insert(hosts.end(), {six && i % 2 ? 0x20010db8u : 0, six && i % 2 ? 0x2adb0000u : 0, six && i % 2 ? 0u : 0xffffu,
                                 0x2adb0001u + i});
    g.t = w.t;
    g.out = {plans.data(), tuple_bag.data(), tuple_mask.data(), peer_bag.data(), peer_mask.data(), size_bag.data(), size_numeric.data(), size_mask.data(), answered_bag.data(), answered.data(), lasted_bag.data(), lasted.data(), &chosen_row,
             chosen_bag.data(), &chosen, &input, joint, &number, bag.data(), numeric.data(), memory, &row, &host};
    g.slots = &slot;
    g.plans = &plan;
    g.hosts = hosts.data();
    g.width = g.max_days = g.block = 1;
    g.host_count = host_count;
    g.ipv6_hosts = six ? host_count / 2 : 0;
    slot.host = six;
    g.seed = seed;
    slot.lane.forget();
    plan.day = 16900;
    plan.rows = 2000;
    for (int &h : plan.hour_rows) h = 2000 / 24;
    slot.lane.start_day(plan);
    slot.lane.now = plan.day * kDay + kHour;
    slot.span_end = std::numeric_limits<int64_t>::max() / 2;
    slot.quota = 1 << 30;
    slot.active = slot.days = 1;
  }
  Machine(const Machine &) = delete;

  At<Single> at() const { return At<Single>(g, 0); }

  // run has f do its step, by the crew if there is one.
  template <class F>
  void run(F f) const {
    if (!crew) return f(at());
    crew->run([&](const Team<Member> &team) { f(At<Member>(g, 0, team)); });
  }

  // draw draws a head from logits that are all the same, or random. New conversations and copied ports are made common.
  void draw(int head, int classes, Random &r, float spread, bool mixture = false) {
    std::vector<float> logits(classes), m(12);
    for (float &x : logits) x = spread * (r.uniform() - 0.5f);
    if (head == kConversation) logits.back() += 3;
    if (head == kPeer) logits.back() += 2;
    if (head == kRepeat) logits.back() += 4;
    if (head == kLocalPort || head == kRemotePort)
      for (int k = 0; k < kCopies; k++) logits[k] += 2;
    for (float &x : m) x = spread * (r.uniform() - 0.5f);
    run([&](const auto &at) { stan::draw(at, head, logits.data(), classes, mixture ? m.data() : nullptr, 4); });
  }

  void step(Random &r, float spread) {
    const Tables &t = w.t;
    run([](const auto &at) { begin(at); });
    draw(kGap, t.gap.count + 1, r, spread, true);
    draw(kLabel, t.labels, r, spread);
    draw(kConversation, kTuples + 1, r, spread);
    draw(kPeer, kPeers + 1, r, spread);
    draw(kRegionOfPlace, t.regions(), r, spread);
    draw(kPlace, kRegion, r, spread);
    draw(kDirection, 2, r, spread);
    draw(kProtocol, t.protos + 1, r, spread);
    draw(kLocalPort, kCopies + t.port_classes(), r, spread);
    draw(kRemotePort, kCopies + t.port_classes(), r, spread);
    draw(kFlags, t.flags + 1, r, spread);
    draw(kToS, t.tos + 1, r, spread);
    draw(kRepeat, kRepeats + 1, r, spread);
    draw(kPackets, t.packets.count + 1, r, spread, true);
    draw(kBytes, t.bytes.count + 1 + kBytesCopies, r, spread, true);
    draw(kDuration, t.duration.count + 1 + kDurationCopies, r, spread, true);
  }
};

}  // namespace stan
