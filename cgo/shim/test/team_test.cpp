// Tests of teams: a warp draws what one thread draws.
#include <algorithm>
#include <cmath>

#include "test/check.h"
#include "test/crew.h"
#include "test/machine.h"

using namespace stan;

namespace {

void test_joins() {
  Crew crew;
  Random r{5};
  for (int n = 0; n < 20; n++) {
    float x[Member::size];
    int yes[Member::size];
    float most = -INFINITY, sum = 0;
    int first = Member::size, last = -1;
    for (int i = 0; i < Member::size; i++) {
      x[i] = float(r.below(1000)) - 500;  // whole numbers have the same sum in any order
      yes[i] = r.below(n + 1) == 0 && n > 0;
      most = std::max(most, x[i]);
      if (yes[i]) last = i;
      if (yes[i] && first == Member::size) first = i;
    }
    const int limit = r.below(70), wanted = r.below(70);
    crew.run([&](const Team<Member> &team) {
      const int i = team.rank();
      float upto = 0;
      for (int k = 0; k <= i; k++) upto += x[k];
      CHECK(team.max(x[i]) == most, "member %d has another maximum", i);
      CHECK(team.upto(x[i]) == upto, "member %d has another sum up to it", i);
      CHECK(team.first(yes[i]) == first && team.last(yes[i]) == last, "member %d knows of others that say yes", i);
      const int found = team.search(limit, [&](int k) { return k >= wanted; });
      CHECK(found == std::min(wanted, limit), "member %d finds %d, want %d of %d", i, found, wanted, limit);
      if (i == 0)
        for (float y : x) sum += y;
      team.sync();
      CHECK(team.sum(x[i]) == sum, "member %d has another sum", i);
    });
  }
}

// A class is that of the share u of all weights, in the classes' order. Borders of weights that are whole numbers are exact.
void test_pick() {
  Crew crew;
  Random r{6};
  for (int n : {1, 2, 31, 32, 33, 200}) {
    std::vector<float> weights(n);
    for (float &w : weights) w = float(r.below(3));
    for (float u : {1e-7f, 0.25f, 0.5f, 0.75f, 0.9999999f}) {
      const int want = pick(weights.data(), n, u);
      crew.run([&](const Team<Member> &team) {
        const int got = pick(weights.data(), n, u, team);
        CHECK(got == want, "member %d picks class %d of %d at %g, want %d", team.rank(), got, n, u, want);
      });
    }
  }
  // Whatever a diverged network says, all members pick the same class, and one of those allowed.
  std::vector<float> odd = {NAN, INFINITY, NAN, 1, -INFINITY};
  for (size_t shift = 0; shift < odd.size(); shift++) {
    std::rotate(odd.begin(), odd.begin() + 1, odd.end());
    std::vector<float> one = odd, all = odd;
    const auto allowed = [](int k) { return k == 1 || k == 2; };
    const int want = draw_class(one.data(), 5, 0.7f, allowed);
    crew.run([&](const Team<Member> &team) {
      const int got = draw_class(all.data(), 5, 0.7f, allowed, team);
      CHECK(got == want, "member %d draws class %d, want %d", team.rank(), got, want);
    });
  }
}

template <class T>
bool same(const std::vector<T> &a, const std::vector<T> &b) {
  return std::memcmp(a.data(), b.data(), a.size() * sizeof(T)) == 0;
}

// A stream of rows is the same, and so is what each leaves for the network. Sums of floats differ in their last digits by their
// order, so a draw on the border of two classes might part the streams; with these numbers none is.
void test_rows(float spread, int host_count, bool six) {
  const World w;
  Machine one(w, host_count, 42, six), all(w, host_count, 42, six);
  Crew crew;
  all.crew = &crew;
  for (Machine *m : {&one, &all}) {
    m->g.steering = 1;
    Lane &lane = m->slot.lane;
    lane.plan.rows = 60;  // days end, and the next ones begin
    lane.plan.mean[kLabelMark] = 0.2f;
    for (int k = 0; k < kGroups; k++) lane.plan.mean[k] = 0.2f;
    m->plan = lane.plan;
  }
  Random a{uint32_t(host_count)}, b = a;
  for (int i = 0; i < 150; i++) {
    one.step(a, spread);
    all.step(b, spread);
    const auto finish = [](const auto &at) { stan::finish(at); };
    one.run(finish);
    all.run(finish);
    CHECK(std::memcmp(&one.row, &all.row, sizeof(Row)) == 0 && one.host == all.host, "row %d of %d hosts differs", i, host_count);
    CHECK(one.slot.lane.plan.day == all.slot.lane.plan.day && one.slot.active == all.slot.active && one.slot.quota == all.slot.quota,
          "row %d: day %lld, want %lld", i, (long long)all.slot.lane.plan.day, (long long)one.slot.lane.plan.day);
    CHECK(same(one.plans, all.plans) && same(one.numeric, all.numeric) && same(one.bag, all.bag), "row %d: inputs differ", i);
    CHECK(same(one.tuple_bag, all.tuple_bag) && same(one.tuple_mask, all.tuple_mask) && same(one.peer_bag, all.peer_bag) &&
              same(one.peer_mask, all.peer_mask), "row %d: candidates differ", i);
    CHECK(same(one.chosen_bag, all.chosen_bag) && one.chosen_row == all.chosen_row && one.chosen == all.chosen &&
              one.input == all.input && one.number == all.number && one.memory[0] == all.memory[0] &&
              one.memory[1] == all.memory[1], "row %d: what was chosen differs", i);
    if (failures > 20) return;
  }
}

}  // namespace

void test_teams() {
  test_joins();
  test_pick();
  for (float spread : {3.0f, 12.0f})
    for (int host_count : {2, 50})
      for (bool six : {false, true}) test_rows(spread, host_count, six);
}
