// A lane that generates: its state, what it leaves for the network, and what all lanes share.
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
  int64_t *size_bag;    // [W, kRepeats, kSizeBag]
  float *size_numeric;  // [W, kRepeats, kSizeNumeric]
  float *size_mask;     // [W, kRepeats]
  int64_t *answered_bag;  // [W, kAnswered]
  float *answered;      // [W, kAnswered]
  int64_t *lasted_bag;  // [W, kLasted]
  float *lasted;        // [W, kLasted]
  int64_t *chosen_row;  // [W] into W*kEntries
  int64_t *chosen_bag;  // [W, kCandidateBag]
  float *chosen;        // [W, 1]
  int64_t *input;       // [W] row of the input table of the attribute just drawn
  int64_t *joint;       // [W, kJoints] of what is drawn of the row so far
  float *number;        // [W, 1] continuous input of the attribute just drawn
  int64_t *bag;         // [W, kBag]
  float *numeric;       // [W, kNumeric]
  int64_t *memory;      // [2, W] into W*kEntries: where the row's embedding goes
  Row *rows;            // [block, W]
  int32_t *hosts;       // [block, W] host of each row, -1 for none
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

  STAN_HD const uint32_t *address_of(int32_t host) const { return hosts + int64_t(host) * 4; }
};

// At is where a team works: at lane i of a generator.
template <class M>
struct At {
  const Generator &g;
  const Tables &t;
  const Outputs &out;
  Slot &s;
  int i;
  Team<M> team;

  STAN_HD At(const Generator &generator, int lane, const Team<M> &members = {})
      : g(generator), t(g.t), out(g.out), s(g.slots[lane]), i(lane), team(members) {}

  STAN_HD Steer steer() const { return Steer(s.lane, t.without.profile ? 0.0f : g.steering); }

  STAN_HD Draws draws(int attribute) const {
    return Draws(g.seed, uint32_t(s.host), uint32_t(s.lane.position), uint32_t(attribute));
  }

  // on_ipv6 tells the IP version of the lane's host, which all of its remotes have.
  STAN_HD bool on_ipv6() const { return is_ipv6(g.address_of(s.host)); }

  // emit leaves class c of an attribute of the row's bag, and its continuous input. One member calls it.
  STAN_HD void emit(int bag_index, int c, float number) const {
    out.input[i] = t.bag_offset[bag_index] + c;
    out.number[i] = number;
  }
};

}  // namespace stan
