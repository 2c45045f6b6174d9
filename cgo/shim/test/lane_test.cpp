// Tests of a lane's memory and of what the network is told of it.
#include <limits>
#include <memory>

#include "lanes/heads.h"
#include "test/check.h"
#include "test/world.h"

using namespace stan;

namespace {

// A row of few keys, so that lists repeat, grow and overflow.
Row random_row(Random &r, int64_t now) {
  Row row{};
  row.gap = r.below(3) * r.below(100);
  row.end = now + row.gap * kSecond;
  row.addr[2] = 0xffff;
  row.addr[3] = 0x50000000u + uint32_t(r.below(3) ? r.below(8) : r.below(60));
  row.place = 3;
  row.proto = uint8_t(r.below(2) ? kTCP : kUDP);
  row.lport = uint16_t(r.below(2));
  row.rport = uint16_t(80);
  row.outbound = uint8_t(r.below(2));
  row.packets = 1 + r.below(4);
  row.bytes = 40 * row.packets;
  return row;
}

// Naive is a list as its definition says: the keys' last rows, most recent first.
struct Naive {
  size_t limit;
  bool (*same)(const Row &, const Row &);
  struct Item {
    Row row;
    int position, count;
  };
  std::vector<Item> items;

  int rank(const Row &row) const {
    for (size_t i = 0; i < items.size(); i++)
      if (same(items[i].row, row)) return int(i);
    return int(limit);
  }

  void see(const Row &row, int position) {
    const int r = rank(row);
    Item item{row, position, 1};
    if (r < int(limit)) {
      item.count += items[r].count;
      items.erase(items.begin() + r);
    } else if (items.size() == limit) {
      items.pop_back();
    }
    items.insert(items.begin(), item);
  }
};

template <int N>
void check_list(const List<N> &list, const Naive &naive, int step) {
  CHECK(size_t(list.used) == naive.items.size(), "step %d: %d entries, want %zu", step, list.used, naive.items.size());
  std::vector<bool> seen(N);
  for (int r = 0; r < N; r++) {
    CHECK(list.order[r] < N && !seen[list.order[r]], "step %d: the order of %d slots is no permutation", step, N);
    seen[list.order[r] % N] = true;
  }
  for (int r = 0; r < list.used; r++) {
    const Entry &e = list.slot[list.order[r]];
    const Naive::Item &want = naive.items[r];
    CHECK(list.order[r] < list.used, "step %d: rank %d lies in the unused slot %d", step, r, list.order[r]);
    CHECK(list.rank_of(list.order[r]) == r, "step %d: rank_of(%d) = %d, want %d", step, list.order[r],
          list.rank_of(list.order[r]), r);
    CHECK(naive.same(e.row, want.row) && e.row.end == want.row.end && e.position == want.position && e.count == want.count,
          "step %d, rank %d: position %d and count %d, want %d and %d", step, r, e.position, e.count, want.position, want.count);
  }
}

void test_lists() {
  const World w;
  Random r{11};
  auto lane = std::make_unique<Lane>();
  for (int stream = 0; stream < 5; stream++) {
    lane->forget();
    lane->start_day(Plan{});
    Naive tuples{kTuples, same_conversation, {}}, peers{kPeers, same_remote, {}};
    int64_t now = 0;
    for (int step = 0; step < 2000; step++) {
      const Row row = random_row(r, now);
      now = row.end;
      const int tuple = tuples.rank(row), peer = peers.rank(row);
      const Observed o = observe(*lane, row, step, w.t);
      CHECK(o.tuple_rank == tuple && o.peer_rank == peer, "step %d: found at ranks %d and %d, want %d and %d", step,
            o.tuple_rank, o.peer_rank, tuple, peer);
      tuples.see(row, step);
      peers.see(row, step);
      check_list(lane->tuples, tuples, step);
      check_list(lane->peers, peers, step);
      const Entry &e = lane->peers.slot[o.peer];
      CHECK(e.ref == step && e.tuple_rank == tuple && e.peer_rank == peer, "step %d: the entry is not the row's", step);
      CHECK(lane->position == step + 1 && lane->now == row.end && lane->has_previous, "step %d: the lane did not move on", step);
    }
  }
}

void test_marks() {
  const World w;
  auto lane = std::make_unique<Lane>();
  lane->forget();
  Random r{5};
  for (int i = 0; i < 300; i++) {
    Row row = random_row(r, 0);
    row.proto = uint8_t(r.below(256));
    row.flags = uint8_t(r.below(256));
    row.bytes = i % 7 == 0 ? std::numeric_limits<int64_t>::max() : row.bytes;
    row.gap = i % 5 == 0 ? int64_t(1) << 50 : row.gap;
    std::vector<float> m(kMarks + 1, NAN);
    marks(m.data(), row, *lane, find_tuple(*lane, row), find_peer(*lane, row), w.t);
    for (int k = 0; k < kMarks; k++) CHECK(std::isfinite(m[k]) && m[k] >= 0, "mark %d of a row is %g", k, m[k]);
    CHECK(std::isnan(m[kMarks]), "marks writes more than %d numbers", kMarks);
    lane->start_day(Plan{});
    row.end = 0;
    observe(*lane, row, 0, w.t);
  }
}

void test_plan_inputs() {
  const World w;
  auto lane = std::make_unique<Lane>();
  const auto finite = [&](const char *what) {
    std::vector<float> out(kPlan + 1, NAN);
    plan_inputs(out.data(), *lane, w.t);
    for (int i = 0; i < kPlan; i++) CHECK(std::isfinite(out[i]), "%s: plan input %d is %g", what, i, out[i]);
    CHECK(std::isnan(out[kPlan]), "plan_inputs writes more than %d numbers", kPlan);
  };
  Plan p{};
  p.day = 16900;
  const auto start = [&](int64_t now) {
    lane->forget();
    lane->start_day(p);
    lane->now = now;
  };
  start(0);
  finite("no rows planned, the clock decades before");
  start(p.day * kDay + 5 * kDay);
  finite("no rows planned, the clock days after");
  p.rows = p.hour_rows[0] = 1 << 26;
  for (float &m : p.mean) m = 1;
  start(p.day * kDay + kDay - 1);
  finite("all rows in the first hour, the clock at the last microsecond");
  lane->done = std::numeric_limits<int32_t>::max();
  for (float &s : lane->sum) s = 1e30f;
  lane->hour_done[23] = 1 << 30;
  finite("more rows done than planned");
  p.day = -20000;
  p.rows = 1;
  start(-20000 * kDay + 3 * kHour);
  lane->hour_done[3] = 0;
  finite("a day before 1970");
  std::vector<float> out(kPlan);
  plan_inputs(out.data(), *lane, w.t);
  CHECK(std::fabs(out[4 * kMarks + 9] - std::sin(3.0 / 24 * 6.2831853)) < 1e-5, "03:00 before 1970 is at sin %g", out[4 * kMarks + 9]);
}

void test_days() {
  const struct {
    int64_t us, day;
  } known[] = {{0, 0}, {-1, -1}, {kDay, 1}, {kDay - 1, 0}, {-kDay, -1}, {-kDay - 1, -2}, {-kDay + 1, -1}};
  for (const auto &k : known)
    CHECK(day_of(k.us) == k.day, "day of %lld: %lld, want %lld", (long long)k.us, (long long)day_of(k.us), (long long)k.day);
}

void test_buckets() {
  const struct {
    float x;
    int want;
  } known[] = {{-5, 0}, {0, 0}, {0.9f, 0}, {1, 1}, {1.9f, 1}, {2, 2}, {127, 7}, {1e30f, 7}, {INFINITY, 7}};
  for (const auto &k : known) CHECK(log_bucket(k.x, 8) == k.want, "bucket of %g: %d, want %d", k.x, log_bucket(k.x, 8), k.want);
}

void test_copied() {
  const struct {
    int port, base;
    uint8_t proto;
    int want;
  } known[] = {{80, 80, kTCP, 0}, {88, 80, kUDP, 8}, {89, 80, kTCP, -1}, {79, 80, kTCP, -1}, {0, -1, kTCP, -1}, {7, -1, kUDP, -1},
               {0, 0, kUDP, 0},   {771, 771, kICMP, 0}, {772, 771, kICMP, -1}, {0, -1, kICMP, -1}};
  for (const auto &k : known)
    CHECK(copied(k.port, k.base, k.proto) == k.want, "copied(%d, %d, %d) = %d, want %d", k.port, k.base, k.proto,
          copied(k.port, k.base, k.proto), k.want);
}

// The rest of a port is the number of ports that its class stands for.
void test_rest_of_port() {
  const World w;
  const Tables &t = w.t;
  double sum = 0;
  for (int p = 0; p < 65536; p++)
    if (p / World::kBin != 3) sum += std::exp(-double(rest_of_port(t.port_class[p], t)));
  CHECK(std::fabs(sum - (t.ports + t.bins - 1)) < 1e-2, "ports stand for %g classes, want %d", sum, t.ports + t.bins - 1);
  CHECK(std::fabs(rest_of_port(t.other_icmp(), t) - std::log(65536.0 - 3)) < 1e-4, "rest of any other ICMP type");
}

}  // namespace

void test_lane() {
  test_lists();
  test_marks();
  test_plan_inputs();
  test_days();
  test_buckets();
  test_copied();
  test_rest_of_port();
}
