// Time in a lane: its days, and the gap to the next row.
#pragma once
#include "conversations.h"

namespace stan {

// next_day moves to the next day with rows; a host whose days are over goes idle. One member calls it.
template <class M>
STAN_HD void next_day(const At<M> &at) {
  Slot &s = at.s;
  do {
    const int64_t next = s.lane.plan.day + 1;
    s.day++;
    if (s.day >= s.days && s.quota < 0) {
      s.active = 0;
      return;
    }
    s.lane.start_day(at.g.plans[int64_t(at.i) * at.g.max_days + (s.day < s.days ? s.day : s.days - 1)]);
    s.lane.plan.day = next;
  } while (s.lane.plan.rows == 0);
}

template <class M>
STAN_HD void begin(const At<M> &at) {
  Slot &s = at.s;
  if (s.active && s.lane.done >= s.lane.plan.rows)
    at.team.alone([&] {
      next_day(at);
      // A stream's clock starts on its first day with rows, as in training.
      const int64_t midnight = s.lane.plan.day * kDay;
      if (s.lane.position == 0 && s.lane.now < midnight) s.lane.now = midnight;
    });
  plan_inputs(at.out.plan + int64_t(at.i) * kPlan, s.lane, at.t, nullptr, at.team);
}

template <class M>
STAN_HD void draw_gap(const At<M> &at, float *atoms, float *mixture, int k) {
  Slot &s = at.s;
  const Tables &t = at.t;
  const int64_t wait = s.lane.plan.day * kDay - s.lane.now;
  const int64_t low = wait > 0 ? (wait + t.gap_tick - 1) / t.gap_tick : 0;
  // With a quota there are rows every day; without, a gap may lead beyond the span, which ends the host.
  const int64_t high = s.quota < 0 ? -1 : low + kDay / t.gap_tick;
  const Value v = draw_value(atoms, mixture, k, t.gap, low, high, at.draws(kGap), NoLean(), nullptr, 0, at.team);
  // The bound keeps the sum in range.
  const int64_t most = (s.span_end - s.lane.now) / t.gap_tick + 1;
  const int64_t gap = v.v <= most ? v.v : most > 0 ? most : 0, end = s.lane.now + gap * t.gap_tick;
  candidates(at, s.lane.tuples, at.out.tuple_bag, at.out.tuple_mask, end);
  candidates(at, s.lane.peers, at.out.peer_bag, at.out.peer_mask, end);
  at.team.alone([&] {
    s.row.gap = gap;
    s.row.gap_atom = uint16_t(v.atom);
    s.row.end = end;
    if (s.active && end >= s.span_end) s.active = 0;
    while (s.active && day_of(end) > s.lane.plan.day) next_day(at);
    at.emit(0, v.atom, gap_input(gap, t));
  });
}

}  // namespace stan
