// Steering: a drawn stream is kept to its plan. What the network draws is its guess of how a host goes on after rows that it
// drew itself, and small errors feed on themselves: a protocol drawn too rarely is then expected to be rare. So the weight of
// a class that has a mark in the plan is raised while the stream is behind with it, and lowered while it is ahead.
#pragma once
#include "draw.h"

namespace stan {

// What a stream is behind is to be made up for within so many rows, and a share of the day's.
constexpr float kMakeUpRows = 64, kMakeUpShare = 0.03f;
constexpr float kSteerLeast = 0.002f;  // shares are not told apart below it
constexpr float kSteerMost = 16;       // largest factor of a class's weight, and one over the smallest
constexpr float kLeanMost = 4;         // the same of a value's weight, of which some are drawn in vain
constexpr float kRestMost = 64;        // of what may come all at once

struct Steer {
  const Lane &lane;
  float strength;  // 1, or 0 to leave all to the network
  float done;      // rows of the plan's day
  float horizon;   // rows within which the stream is to be where the plan is

  STAN_HD Steer(const Lane &l, float s)
      : lane(l), strength(s), done(float(l.done)), horizon(kMakeUpRows + kMakeUpShare * float(l.plan.rows)) {}

  // logit returns what to add to the logit of a class whose rows are a share mean of the plan's and sum of those done.
  STAN_HD float logit(float mean, float sum) const {
    const float behind = (mean * done - sum) / horizon, least = fmaxf(mean, 0.0f) + kSteerLeast;
    const float factor = (least + fmaxf(behind, 0.0f)) / (least + fmaxf(-behind, 0.0f));
    return strength * logf(fminf(fmaxf(factor, 1 / kSteerMost), kSteerMost));
  }

  // to is for a class whose rows have one of n marks.
  STAN_HD float to(int mark, int n = 1) const {
    float mean = 0, sum = 0;
    for (int i = 0; i < n; i++) {
      mean += lane.plan.mean[mark + i];
      sum += lane.sum[mark + i];
    }
    return logit(mean, sum);
  }

  // away is for a class whose rows have none of n marks.
  STAN_HD float away(int mark, int n = 1) const {
    float mean = 1, sum = done;
    for (int i = 0; i < n; i++) {
      mean -= lane.plan.mean[mark + i];
      sum -= lane.sum[mark + i];
    }
    return logit(mean, sum);
  }

  // rows_left are those that the day is likely to have yet: of a stream that is slow, what the plan has for the hours left.
  STAN_HD float rows_left() const {
    const int64_t into = lane.now - lane.plan.day * kDay;
    const int hour = into <= 0 ? 0 : into >= kDay ? 23 : int(into / kHour);
    int later = lane.plan.hour_rows[hour] > lane.hour_done[hour] ? lane.plan.hour_rows[hour] - lane.hour_done[hour] : 0;
    for (int h = hour + 1; h < 24; h++) later += lane.plan.hour_rows[h];
    const int rows = lane.plan.rows - lane.done;
    return float(rows < later ? rows : later);
  }

  // rest is as logit for what may come all at once, as attacks do: it is not late before the day's rows run out, and over
  // when the day has had its share.
  STAN_HD float rest(float mean, float sum) const {
    const float left = fmaxf(rows_left(), 1.0f);
    const float due = fminf(fmaxf((mean * (done + left) - sum) / left, 0.0f), 1.0f);
    const float factor = (due + kSteerLeast) / (fmaxf(mean, 0.0f) + kSteerLeast);
    return strength * logf(fminf(fmaxf(factor, 1 / kRestMost), kRestMost));
  }
};

STAN_HD float lean_of(float logit) { return fminf(fmaxf(logit, -logf(kLeanMost)), logf(kLeanMost)); }

// Leans to the N marks of a group, computed once for all classes.
template <int N>
struct GroupLean {
  static constexpr float kMost = kLeanMost;
  float of[N];
  STAN_HD GroupLean(const Steer &steer, int mark) {
    for (int i = 0; i < N; i++) of[i] = steer.to(mark + i);
  }
};

// OtherPorts leans to the ports of one side that are no services: below 1024, where odd ones are held back and never asked for, and
// from there on. TCP and UDP, the first two protocol marks, have ports.
struct OtherPorts {
  float low, high;

  STAN_HD OtherPorts(const Steer &s, bool local, uint32_t low_services) {
    const int services = local ? kLocalServices : kRemoteServices, low_mark = kLowPortMark + !local;
    const auto share = [=](const float *marks, bool below) {
      float x = below ? marks[low_mark] : marks[kProtocolMark] + marks[kProtocolMark + 1] - marks[low_mark];
      for (int i = 0; i < kServices; i++)
        if ((low_services >> i & 1) == below) x -= marks[services + i];
      return x;
    };
    low = fminf(s.logit(share(s.lane.plan.mean, true), share(s.lane.sum, true)), 0.0f);
    high = s.logit(share(s.lane.plan.mean, false), share(s.lane.sum, false));
  }
};

struct DurationLean : GroupLean<7> {
  int64_t tick;
  STAN_HD DurationLean(const Steer &steer, int64_t t) : GroupLean(steer, kDurationMark), tick(t) {}
  STAN_HD float operator()(int64_t d) const { return lean_of(of[duration_group(seconds(d, tick))]); }
};

// Leans of packets: one, two, and as many as flows of 10 kB and of 1 MB have.
struct PacketsLean {
  static constexpr float kMost = kLeanMost;
  float one, two, many, most;
  STAN_HD explicit PacketsLean(const Steer &steer)
      : one(steer.to(kPacketsMark)), two(steer.to(kPacketsMark + 1)), many(steer.to(kPacketsMark + 2)), most(steer.to(kPacketsMark + 3)) {}
  STAN_HD float operator()(int64_t n) const {
    return lean_of(n == 1 ? one : n == 2 ? two : n < 12 ? 0 : n < 1000 ? many : many + most);
  }
};

struct BytesLean : GroupLean<7> {
  int64_t packets;
  STAN_HD BytesLean(const Steer &steer, int64_t n) : GroupLean(steer, kSizeMark), packets(n) {}
  STAN_HD float operator()(int64_t b) const { return lean_of(of[size_group(b, packets)]); }
};

}  // namespace stan
