// What the network is told: about a row, about a candidate, about the plan. Scales are chosen so that inputs are of order 1.
#pragma once
#include "lane.h"

namespace stan {

// row_bag writes the rows of the embedding table that a flow adds up (kBag of them).
STAN_HD void row_bag(int64_t *out, const Row &row, const Observed &o, const Tables &t) {
  const int64_t in[kBag] = {row.gap_atom,    row.duration_atom, row.packets_atom, row.bytes_atom, row.outbound,
                            row.proto_class, row.lport_class,   row.rport_class,  row.flags_class, row.tos_class,
                            o.tuple_rank,    o.peer_rank,       t.place_bucket[row.place], row.label,
                            row.repeat};
  for (int i = 0; i < kBag; i++) out[i] = t.bag_offset[i] + in[i];
}

STAN_HD int64_t hashed(uint32_t x, int rows) { return int64_t((x * 2654435761u) >> 16) % rows; }

// kind_input tells the network the kind of a row, and sized_input its packets among flows of the kind: what these do not add up
// to of their parts. Some share a number; the parts tell them apart.
STAN_HD int64_t kind_input(const Row &row, const Tables &t) { return hashed(uint32_t(size_kind(row, t)), kKindRows); }

STAN_HD int64_t sized_input(const Row &row, const Tables &t) {
  const uint32_t sized = uint32_t(size_kind(row, t)) * uint32_t(t.packets.count + 1) + row.packets_atom;
  return kKindRows + hashed(sized, kJointRows - kKindRows);
}

STAN_HD float gap_input(int64_t gap, const Tables &t) { return logf(seconds(gap, t.gap_tick) + 1) / 3; }
STAN_HD float duration_input(int64_t d, const Tables &t) { return logf(1000 * seconds(d, t.duration_tick) + 1) / 5; }
STAN_HD float packets_input(int64_t n) { return logf(float(n) + 1) / 2; }
STAN_HD float bytes_input(int64_t n) { return logf(float(n) + 1) / 4 - 1; }

STAN_HD float packet_size_input(int64_t packets, int64_t bytes) { return logf((float(bytes) + 1) / (float(packets) + 1)) / 2 - 2; }

STAN_HD void time_of_day(float *out, int64_t us) {
  const float turn = 6.2831853f * (float(us - day_of(us) * kDay) / float(kDay));
  out[0] = sinf(turn);
  out[1] = cosf(turn);
}

// row_numeric writes the continuous inputs of a flow (kNumeric of them).
STAN_HD void row_numeric(float *out, const Row &row, const Tables &t) {
  out[0] = gap_input(row.gap, t);
  out[1] = duration_input(row.duration, t);
  out[2] = packets_input(row.packets);
  out[3] = bytes_input(row.bytes);
  out[4] = packet_size_input(row.packets, row.bytes);
  out[5] = row.outbound ? 1.0f : -1.0f;
  time_of_day(out + 6, row.end);
}

STAN_HD int log_bucket(float x, int buckets) {  // 0 for x < 1, then one a factor of 2
  int b = 0;
  while (b < buckets - 1 && x >= 1) {
    x *= 0.5f;
    b++;
  }
  return b;
}

// candidate_bag writes the table rows that tell a candidate's age in rows and in time, how often it was seen, and its rank.
STAN_HD void candidate_bag(int64_t *out, const Entry &e, int rank, int32_t position, int64_t now) {
  out[0] = log_bucket(float(position - e.position), kAgeRows);
  const float age = float(now - e.row.end) * 1e-6f;
  out[1] = kAgeRows + log_bucket(age, kAgeTime);
  out[2] = kAgeRows + kAgeTime + log_bucket(float(e.count), kCounts);
  out[3] = kCandidateRows + rank;
}

constexpr int kBeside = 9;                                   // ways in which a size may lie beside what a row answers
constexpr int kSizeBag = 7, kSizeNumeric = 4;                // inputs of a size that is offered
constexpr int kSizeRows = kAgeRows + kCounts + 2 + kRepeats + kBeside;  // their table rows after those of packets and bytes

// beside tells how a size lies beside that of the flow which a row answers, 0 if it answers none.
STAN_HD int beside(const Size &s, const Row *answered) {
  if (!answered) return 0;
  const int64_t more = s.packets - answered->packets;
  const int packets = more == 0 ? 0 : more < 0 ? 1 : more <= 2 ? 2 : 3;
  return 1 + 2 * packets + (s.bytes == answered->bytes);
}

// size_inputs tell of the c-th size that a row is offered what it is, how many rows ago it came, how often, whether with the
// row's remote, its rank, and how it lies beside the flow that the row answers, if any; mask is 0, or very low where there is none.
STAN_HD void size_inputs(int64_t *bag, float *numeric, float *mask, const Offer &offer, int c, const Lane &lane, const Row &row,
                         const Row *answered, const Tables &t) {
  for (int k = 0; k < kSizeBag; k++) bag[k] = 0;
  for (int k = 0; k < kSizeNumeric; k++) numeric[k] = 0;
  *mask = c < offer.n ? 0.0f : -1e9f;
  if (c >= offer.n) return;
  const SizeEntry &e = offer[c];
  int64_t first = 0;
  const auto put = [&](int i, int64_t which, int64_t rows) {
    bag[i] = first + which;
    first += rows;
  };
  put(0, e.packets_atom, t.packets.count + 1);
  put(1, e.bytes_atom, t.bytes.count + 1);
  put(2, log_bucket(float(lane.position - e.position), kAgeRows), kAgeRows);
  put(3, log_bucket(float(e.count), kCounts), kCounts);
  put(4, e.remote == mark_of(row.addr), 2);
  put(5, c, kRepeats);
  put(6, beside(e.size, answered), kBeside);
  numeric[0] = packets_input(e.size.packets);
  numeric[1] = bytes_input(e.size.bytes);
  if (!answered) return;
  numeric[2] = numeric[0] - packets_input(answered->packets);
  numeric[3] = numeric[1] - bytes_input(answered->bytes);
}

constexpr int kAnswered = 2;  // inputs of packets and bytes

STAN_HD int answered_rows(const Tables &t) { return t.packets.count + 2 + t.bytes.count + 2; }

// answered_inputs tell of the flow that a row answers its packets and bytes: their classes in a table of answered_rows, and where they
// lie on the axes of their mixtures, 0 where there is none.
STAN_HD void answered_inputs(int64_t *input, float *y, const Row *answered, const Tables &t) {
  input[0] = answered ? answered->packets_atom : t.packets.count + 1;
  input[1] = t.packets.count + 2 + (answered ? answered->bytes_atom : t.bytes.count + 1);
  y[0] = answered ? t.packets.y(answered->packets) : 0;
  y[1] = answered ? t.bytes.y(answered->bytes) : 0;
}

constexpr int kLasted = 2 * kPeerDurations;  // inputs of a duration

STAN_HD int lasted_rows(const Tables &t) { return kLasted * (t.duration.count + 2); }

// lasted_input tells of the i-th of the durations that a row's is likely to be near to: base_duration, then by turns
// those of its peer in the row's direction and in the other one, the last ones first. input is its class in a table of lasted_rows, y
// where it lies on the axis of the mixture, 0 where there is none.
STAN_HD void lasted_input(int64_t *input, float *y, int i, const Lane &lane, const Row &row, int tuple, int peer, const Tables &t) {
  const int64_t d = i == 0 ? base_duration(lane, row, tuple, peer, t) : lane.peer_durations.of(peer, row.outbound ^ (i % 2 == 0), (i - 1) / 2);
  *input = i * (t.duration.count + 2) + (d < 0 ? t.duration.count + 1 : atom_of(t.duration, d));
  *y = d < 0 ? 0 : t.duration.y(d);
}

// log_odds tells 0.97 from 0.99, and 0.01 from 0.03, as well as 0.4 from 0.6.
STAN_HD float log_odds(float p) {
  const float least = 0.003f;
  p = fminf(fmaxf(p, 0.0f), 1.0f);
  return logf((p + least) / (1 - p + least)) / 4;
}

// plan_inputs writes kPlan numbers: the day's means, the means of what is still to come, both as they are and as log odds,
// and the clock against the plan. off is what the means are told off by, NULL for nothing; earlier is what was written for
// another row of the same day, from which what stays is copied, NULL for none.
template <class M = Single>
STAN_HD void plan_inputs(float *out, const Lane &lane, const Tables &t, const float *off = nullptr, const Team<M> &team = {},
                         const float *earlier = nullptr) {
  const Plan &p = lane.plan;
  const float left = float(p.rows > lane.done ? p.rows - lane.done : 0);
  for (int m = team.rank(); m < kMarks; m += team.size) {
    if (t.without.profile) {
      out[m] = out[kMarks + m] = out[2 * kMarks + m] = out[3 * kMarks + m] = 0;
      continue;
    }
    const float by = off ? off[m] : 0;
    const float rest = by + (p.mean[m] * (float(p.rows) + kShrink) - lane.sum[m]) / (left + kShrink);
    out[m] = p.mean[m] + by;
    out[kMarks + m] = fminf(fmaxf(rest, -0.5f), 1.5f);
    out[2 * kMarks + m] = earlier ? earlier[2 * kMarks + m] : log_odds(p.mean[m] + by);
    out[3 * kMarks + m] = log_odds(rest);
  }
  if (team.rank() > 0) return;
  const int64_t start = p.day * kDay;
  const int64_t clock = lane.now > start ? lane.now : start;
  int64_t into = clock - start;
  if (into >= kDay) into = kDay - 1;
  const int hour = int(into / kHour);
  const int hour_left = p.hour_rows[hour] - lane.hour_done[hour];
  float *q = out + 4 * kMarks;
  q[0] = logf(float(p.rows) + 1) / 5 - 1;
  q[1] = logf(left + 1) / 5 - 1;
  q[2] = logf(float(p.hour_rows[hour]) + 1) / 4;
  q[3] = logf(float(hour_left > 0 ? hour_left : 0) + 1) / 4;
  q[4] = hour_left <= 0 ? 1.0f : 0.0f;
  q[5] = hour < 23 ? logf(float(p.hour_rows[hour + 1]) + 1) / 4 : 0.0f;
  const float rest_of_hour = float((hour + 1) * kHour - into) * 1e-6f;
  q[6] = rest_of_hour / 3600;
  // Seconds a row to keep to the plan of this hour, the pace the gap has to follow.
  q[7] = logf(rest_of_hour / (float(hour_left > 0 ? hour_left : 0) + 0.5f) + 0.01f) / 4;
  q[8] = lane.now < start ? logf(float(start - lane.now) * 1e-6f + 1) / 5 : 0.0f;
  time_of_day(q + 9, clock);
}

}  // namespace stan
