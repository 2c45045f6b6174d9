#include "corpus.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <memory>

#include "lanes/draw.h"
#include "lanes/tables_object.h"
#include "paged.h"

using namespace stan;

namespace {

constexpr int64_t kMark = 256;  // rows between two snapshots
constexpr int64_t kPad = 64;    // row subsets are padded to multiples, so that kernels see few shapes
constexpr int64_t kIgnore = -100;

// Snapshot is a lane before a row of its stream. It holds what replay needs of all rows before, so that a window takes one
// read of a snapshot and one of rows that lie together.
struct Snapshot {
  List<kTuples> tuples;
  List<kPeers> peers;
  RecentSizes recent_sizes;
  PeerDurations peer_durations;
  int64_t plan;
  int32_t done;
  int32_t hour_done[24];
  float sum[kMarks];

  static Snapshot of(const Lane &lane, int64_t plan) {
    Snapshot s{lane.tuples, lane.peers, lane.recent_sizes, lane.peer_durations, plan, lane.done, {}, {}};
    std::copy(lane.hour_done, lane.hour_done + 24, s.hour_done);
    std::copy(lane.sum, lane.sum + kMarks, s.sum);
    return s;
  }

  // restore gives lane, whose day has begun, what it had done of it, and its lists.
  void restore(Lane &lane) const {
    lane.tuples = tuples;
    lane.peers = peers;
    lane.recent_sizes = recent_sizes;
    lane.peer_durations = peer_durations;
    lane.done = done;
    std::copy(hour_done, hour_done + 24, lane.hour_done);
    std::copy(sum, sum + kMarks, lane.sum);
  }
};

struct Stream {
  int64_t begin, end;         // rows
  int64_t snapshot;           // first of its snapshots, one before each kMark rows but the first ones
  int64_t first_plan, plans;  // its days
};

}  // namespace

struct st_corpus {
  const st_tables *tables;
  Room room;
  std::vector<Stream> streams;
  Paged<Row> rows{room};
  Paged<Snapshot> snapshots{room};
  Paged<Plan> plans{room};
  Lane lane;  // of the stream that is being appended
  int64_t rows_of_networks[2][kMet + 1] = {}, returns[2][kMet + 1] = {};  // rows by return_kind and returnable remotes

  st_corpus(const st_tables *t, int64_t memory, int fd) : tables(t), room{memory, fd} {}

  const Tables &t() const { return tables->tables; }

  const Stream &stream_of(int64_t row) const {
    auto it = std::upper_bound(streams.begin(), streams.end(), row, [](int64_t r, const Stream &s) { return r < s.end; });
    return *it;
  }

  // close_day turns the sums of the day under way into its plan.
  void close_day() {
    if (streams.empty() || streams.back().plans == 0) return;
    Plan &p = plans.back();
    p.rows = lane.done;
    for (int h = 0; h < 24; h++) p.hour_rows[h] = lane.hour_done[h];
    for (int m = 0; m < kMarks; m++) p.mean[m] = lane.done ? lane.sum[m] / float(lane.done) : 0;
  }

  void append(const Row &row) {
    Stream &s = streams.back();
    if (s.plans == 0 || plans.back().day != day_of(row.end)) {
      close_day();
      Plan p{};
      p.day = day_of(row.end);
      plans.push_back(p);
      s.plans++;
      lane.start_day(p);
    }
    if (s.end > s.begin && (s.end - s.begin) % kMark == 0) snapshots.push_back(Snapshot::of(lane, plans.size() - 1));
    Row known = row;
    if (recall(lane, known, t())) {
      const int kind = return_kind(row.place, t());
      rows_of_networks[kind][known.returnable]++;
      returns[kind][known.returnable] += known.returned > 0;
    }
    observe(lane, known, 0, t());
    rows.push_back(known);
    s.end++;
  }
};

namespace {

// Batch collects what replay writes; its vectors become tensors at the end.
struct Batch {
  int64_t chunks, context, length, positions, table;
  at::Tensor bag, numeric, valid, plan;
  std::vector<int64_t> position, row, target, tuple_row, tuple_bag, peer_row, peer_bag, size_bag, joint, answered_bag, lasted_bag, chosen_row, chosen_bag;
  std::vector<float> weight, rest, bounds, tuple_mask, peer_mask, size_numeric, size_mask, answered, lasted, chosen;
  static constexpr int kSized = 6, kSubsets = 9;
  std::vector<int64_t> subset[kSubsets];  // fresh, new, lport, rport, gap, duration, sized, and of these packets, bytes

  Batch(int64_t n, int64_t c, int64_t l)
      : chunks(n), context(c), length(l), positions(c + l), table(kEntries + c + l),
        bag(at::zeros({n * table, kBag}, at::kLong)), numeric(at::zeros({n * table, kNumeric}, at::kFloat)),
        valid(at::zeros({n, positions, 1}, at::kFloat)), plan(at::zeros({n, positions, kPlan}, at::kFloat)) {}

  void put_row(int64_t index, const Row &r, const Observed &o, const Tables &t) {
    row_bag(bag.data_ptr<int64_t>() + index * kBag, r, o, t);
    row_numeric(numeric.data_ptr<float>() + index * kNumeric, r, t);
  }

  // put_none writes the bag of a row that follows no candidate: the table row after those of conversations and peers.
  void put_none() {
    chosen_row.push_back(0);
    chosen.push_back(0);
    for (int i = 0; i < kCandidateBag; i++) chosen_bag.push_back(2 * kCandidateRows + kEntries);
  }

  template <int N>
  void put_candidates(const List<N> &list, int32_t position, int64_t now, int64_t base, std::vector<int64_t> &rows,
                      std::vector<int64_t> &bags, std::vector<float> &mask) {
    int rank[N];
    for (int r = 0; r < list.used; r++) rank[list.order[r]] = r;
    for (int s = 0; s < N; s++) {
      const bool used = s < list.used;
      int64_t b[kCandidateBag] = {0, kAgeRows, kAgeRows + kAgeTime, kCandidateRows};
      if (used) candidate_bag(b, list.slot[s], rank[s], position, now);
      rows.push_back(base + (used ? list.slot[s].ref : 0));
      bags.insert(bags.end(), b, b + kCandidateBag);
      mask.push_back(used ? 0.0f : -1e9f);
    }
  }

  void put_sizes(const Lane &lane, const Row &r, const Row *last, const Tables &t) {
    const Offer offer(lane, r, t);
    const size_t at = size_mask.size();
    size_bag.resize((at + kRepeats) * kSizeBag);
    size_numeric.resize((at + kRepeats) * kSizeNumeric);
    size_mask.resize(at + kRepeats);
    for (int c = 0; c < kRepeats; c++)
      size_inputs(&size_bag[(at + c) * kSizeBag], &size_numeric[(at + c) * kSizeNumeric], &size_mask[at + c], offer, c, lane, r, last, t);
    const size_t a = answered.size();
    answered_bag.resize(a + kAnswered);
    answered.resize(a + kAnswered);
    answered_inputs(&answered_bag[a], &answered[a], last, t);
  }

  void put_lasted(const Lane &lane, const Row &r, int tuple, int peer, const Tables &t) {
    const size_t at = lasted.size();
    lasted_bag.resize(at + kLasted);
    lasted.resize(at + kLasted);
    for (int i = 0; i < kLasted; i++) lasted_input(&lasted_bag[at + i], &lasted[at + i], i, lane, r, tuple, peer, t);
  }

  void put_chosen(const Entry &e, int rank, int32_t position, int64_t now, int64_t base, int64_t table_start) {
    int64_t b[kCandidateBag];
    candidate_bag(b, e, rank, position, now);
    chosen_row.push_back(base + e.ref);
    chosen.push_back(1);
    for (int i = 0; i < kCandidateBag; i++) chosen_bag.push_back(table_start + b[i]);
  }

  // score writes what the network has to say about a row, from what the lane knew before it.
  void score(const Lane &lane, const Row &r, int64_t at_position, int64_t base, const Tables &t) {
    const int64_t index = int64_t(weight.size());
    weight.push_back(1);
    position.push_back(at_position);
    int64_t y[kHeads];
    float nats[kHeads] = {};
    std::fill(y, y + kHeads, kIgnore);
    const int tuple = find_tuple(lane, r), peer = find_peer(lane, r);
    put_candidates(lane.tuples, lane.position, r.end, base, tuple_row, tuple_bag, tuple_mask);
    put_candidates(lane.peers, lane.position, r.end, base, peer_row, peer_bag, peer_mask);
    put_sizes(lane, r, stan::answered(lane, r, tuple, t), t);
    joint.push_back(kind_input(r, t));
    joint.push_back(sized_input(r, t));
    put_lasted(lane, r, tuple, peer, t);
    y[kConversation] = tuple;
    y[kDirection] = r.outbound;
    if (tuple < kTuples) {
      put_chosen(lane.tuples.slot[tuple], lane.tuples.rank_of(tuple), lane.position, r.end, base, 0);
    } else {
      subset[0].push_back(index);
      y[kPeer] = peer;
      if (peer < kPeers) {
        put_chosen(lane.peers.slot[peer], lane.peers.rank_of(peer), lane.position, r.end, base, kCandidateRows + kTuples);
      } else {
        put_none();
        subset[1].push_back(index);
        y[kRegionOfPlace] = r.place / kRegion;
        y[kPlace] = r.place % kRegion;
        nats[kPlace] = rest_of_place(r, t);
      }
      y[kProtocol] = r.proto_class;
      nats[kProtocol] = rest_of_byte(r.proto_class, t.protos);
      const Row *b = base_of(lane, peer, t);
      if (b && !comparable(b->proto, r.proto)) b = nullptr;
      if (has_ports(r.proto)) {
        subset[2].push_back(index);
        put_port(kLocalPort, y, nats, copied(r.lport, b ? b->lport : -1, r.proto), r.lport_class, t);
      }
      if (has_ports(r.proto) || has_types(r.proto)) {
        subset[3].push_back(index);
        put_port(kRemotePort, y, nats, copied(r.rport, b ? b->rport : -1, r.proto), r.rport_class, t);
      }
    }
    y[kFlags] = r.flags_class;
    nats[kFlags] = rest_of_byte(r.flags_class, t.flags);
    y[kToS] = r.tos_class;
    nats[kToS] = rest_of_byte(r.tos_class, t.tos);
    if (t.labels > 1) y[kLabel] = r.label;
    put_value(kGap, y, nats, r.gap_atom, r.gap, t.gap, 4, index, 0, 0);
    put_value(kDuration, y, nats, r.duration_atom, r.duration, t.duration, 5, index, r.duration_copy, kDurationCopies);
    y[kRepeat] = r.repeat;
    const bool sized = r.repeat == kRepeats;
    const int64_t among = int64_t(subset[kSized].size());
    if (sized) subset[kSized].push_back(index);
    put_value(kPackets, y, nats, r.packets_atom, r.packets, t.packets, 7, among, 0, 0, sized);
    put_value(kBytes, y, nats, r.bytes_atom, r.bytes, t.bytes, 8, among, r.bytes_copy, kBytesCopies, sized);
    target.insert(target.end(), y, y + kHeads);
    rest.insert(rest.end(), nats, nats + kHeads);
  }

  static void put_port(Head head, int64_t *y, float *nats, int copy, int vocabulary_class, const Tables &t) {
    y[head] = copy >= 0 ? copy : kCopies + vocabulary_class;
    nats[head] = copy >= 0 ? 0 : rest_of_port(vocabulary_class, t);
  }

  // put_value writes the class of a value that is drawn: the given one of n copies, or for copy n an exact one or none of them.
  void put_value(Head head, int64_t *y, float *nats, int atom, int64_t v, const Values &values, int list, int64_t index,
                 int copy, int n, bool drawn = true) {
    const Bin bin = values.bin(v);
    if (drawn) y[head] = copy < n ? values.count + 1 + copy : atom;
    if (y[head] == values.count) {
      subset[list].push_back(index);
      nats[head] = bin.rest;
    }
    bounds.push_back(bin.lower);
    bounds.push_back(bin.upper);
  }

  static int64_t padded(int64_t n) { return (n / kPad + 1) * kPad; }

  // pad ends the batch with empty rows up to a multiple of kPad; there is always at least one. An even batch has as many as
  // its windows have at most.
  void pad(bool even) {
    const int64_t filled = int64_t(weight.size());
    const int64_t all = padded(even ? chunks * length : filled);
    weight.resize(all, 0);
    position.resize(all, context);
    row.resize(all, 0);
    target.resize(all * kHeads, kIgnore);
    rest.resize(all * kHeads, 0);
    for (int64_t i = filled; i < all; i++) {
      for (int k = 0; k < 4; k++) {
        bounds.push_back(-1);
        bounds.push_back(1);
      }
      put_none();
    }
    tuple_row.resize(all * kTuples, 0);
    peer_row.resize(all * kPeers, 0);
    tuple_bag.resize(all * kTuples * kCandidateBag, 0);
    peer_bag.resize(all * kPeers * kCandidateBag, 0);
    tuple_mask.resize(all * kTuples, 0);
    peer_mask.resize(all * kPeers, 0);
    size_bag.resize(all * kRepeats * kSizeBag, 0);
    size_numeric.resize(all * kRepeats * kSizeNumeric, 0);
    size_mask.resize(all * kRepeats, 0);
    joint.resize(all * kJoints, 0);
    answered_bag.resize(all * kAnswered, 0);
    answered.resize(all * kAnswered, 0);
    lasted_bag.resize(all * kLasted, 0);
    lasted.resize(all * kLasted, 0);
    for (int k = 0; k < kSubsets; k++) {
      const int64_t of = k > kSized ? int64_t(subset[kSized].size()) : all;
      subset[k].resize(even ? all : padded(int64_t(subset[k].size())), of - 1);
    }
  }
};

// replay_chunk runs one window through a lane.
void replay_chunk(Batch &batch, const st_corpus &c, const st_chunk &chunk, int64_t b) {
  const Tables &t = c.t();
  const Stream &s = c.stream_of(chunk.row);
  const int64_t begin = chunk.row;
  const int64_t low = chunk.cold ? begin : std::max(s.begin, begin - batch.context);
  const int64_t end = std::min(s.end, begin + batch.length);
  const int64_t saved = (low - s.begin) / kMark;
  int64_t at = s.begin + saved * kMark;

  auto lane = std::make_unique<Lane>();
  lane->forget();
  int64_t plan = s.first_plan;
  if (saved == 0) {
    lane->start_day(c.plans.read(plan));
  } else {
    const Snapshot snapshot = c.snapshots.read(s.snapshot + saved - 1);
    plan = snapshot.plan;
    lane->start_day(c.plans.read(plan));
    snapshot.restore(*lane);
  }
  const int64_t first = at - (at > s.begin);  // with the row before
  std::vector<Row> rows(size_t(end - first));
  c.rows.read(first, end - first, rows.data());
  lane->position = int32_t(at - s.begin);
  if (at > s.begin) {
    lane->previous = rows[0];
    lane->has_previous = 1;
    lane->now = lane->previous.end;
  } else {  // the clock is such that the first row's gap leads to it
    lane->now = rows[0].end - rows[0].gap * t.gap_tick;
  }
  auto enter_day = [&](const Row &r) {
    if (day_of(r.end) != lane->plan.day) lane->start_day(c.plans.read(++plan));
  };
  for (; at < low; at++) {
    enter_day(rows[at - first]);
    observe(*lane, rows[at - first], -1, t);
  }
  if (chunk.cold) lane->forget();

  const int64_t base = b * batch.table;
  for (int i = 0; i < kEntries; i++) {
    const bool is_tuple = i < kTuples;
    if (i - (is_tuple ? 0 : kTuples) >= (is_tuple ? lane->tuples.used : lane->peers.used)) continue;
    Entry &e = is_tuple ? lane->tuples.slot[i] : lane->peers.slot[i - kTuples];
    e.ref = i;
    batch.put_row(base + i, e.row, Observed{0, 0, e.tuple_rank, e.peer_rank}, t);
  }
  float *valid = batch.valid.data_ptr<float>() + b * batch.positions;
  float *plans = batch.plan.data_ptr<float>() + b * batch.positions * kPlan;
  float off[kMarks] = {};
  for (int m = 0; m < kMarks && chunk.blur > 0; m++) {
    const float mean = std::min(std::max(lane->plan.mean[m], 0.0f), 1.0f);
    const double z = normal_quantile(Draws(chunk.noise_seed, 0, 0, uint32_t(m)).uniform(0));
    off[m] = chunk.blur * float(z) * std::sqrt(mean * (1 - mean) + 1e-3f);
  }
  const int64_t stray = std::max(low, begin - chunk.foreign_rows);
  std::vector<Row> foreign(size_t(begin - stray));
  c.rows.read(chunk.foreign, begin - stray, foreign.data());
  int64_t told_day = std::numeric_limits<int64_t>::min();  // of the row before
  std::unique_ptr<Lane> own;  // what is done of the plan is what the host did itself, whatever is remembered
  for (; at < end; at++) {
    const Row &done = rows[at - first];
    Row r = done;  // as it is remembered
    const int64_t p = at - begin + batch.context;
    const int64_t index = base + kEntries + p;
    enter_day(done);
    if (at >= stray && at < begin) {
      if (!own) own = std::make_unique<Lane>(*lane);
      if (own->plan.day != lane->plan.day) own->start_day(lane->plan);
      observe(*own, done, 0, t);
      r = foreign[at - stray];
      r.end = done.end;
      r.gap = done.gap;
      r.gap_atom = done.gap_atom;
    }
    float *told = plans + p * kPlan;
    plan_inputs(told, *lane, t, off, {}, lane->plan.day == told_day ? told - kPlan : nullptr);
    told_day = lane->plan.day;
    // A row knows what all of its stream recalls of it, but sizes are those that the lane offers; a cold lane has the window alone.
    Row known = r;
    if (chunk.cold)
      recall(*lane, known, t);
    else
      known.repeat = repeat_of(*lane, known, t);
    if (at >= begin) {
      batch.row.push_back(index);
      batch.score(*lane, known, b * batch.positions + p, base, t);
    }
    const Observed o = observe(*lane, r, int32_t(kEntries + p), t);
    batch.put_row(index, known, o, t);
    if (own && at < begin) std::copy(own->sum, own->sum + kMarks, lane->sum);
    valid[p] = 1;
  }
}

at::Tensor tensor(const std::vector<int64_t> &v, at::IntArrayRef shape) {
  at::Tensor x = at::empty(shape, at::kLong);
  std::memcpy(x.data_ptr(), v.data(), v.size() * sizeof v[0]);
  return x;
}

at::Tensor tensor(const std::vector<float> &v, at::IntArrayRef shape) {
  at::Tensor x = at::empty(shape, at::kFloat);
  std::memcpy(x.data_ptr(), v.data(), v.size() * sizeof v[0]);
  return x;
}

}  // namespace

void st_lane_sizes(st_sizes_of *out) {
  *out = {sizeof(Row), sizeof(Plan),  kMarks,         kTuples, kPeers,    kBag,  kNumeric,
          kPlan,       kClock,         kCandidateBag, kCandidateRows, kCopies, kServices, kHeads, kRegion,
          kDurationCopies, kBytesCopies, kRepeats, kSizeNumeric, kSizeRows, kMet, kKindRows, kJointRows, kAnswered, kLasted};
}

char *st_corpus_new(st_corpus **out, const st_tables *tables, int64_t memory, int32_t fd) {
  return guard([&] {
    TORCH_CHECK(tables->device.is_cpu(), "a corpus needs tables on the CPU, got ", tables->device.str());
    *out = new st_corpus(tables, memory, fd);
  });
}

void st_corpus_free(st_corpus *c) { delete c; }

char *st_corpus_append(st_corpus *c, const void *rows, int64_t n, bool new_stream) {
  return guard([&] {
    TORCH_CHECK(new_stream || !c->streams.empty(), "the first rows of a corpus must begin a stream");
    if (new_stream) {
      c->close_day();
      const int64_t at = c->rows.size();
      c->streams.push_back({at, at, c->snapshots.size(), c->plans.size(), 0});
      c->lane.forget();
    }
    const Row *r = static_cast<const Row *>(rows);
    for (int64_t i = 0; i < n; i++) c->append(r[i]);
    c->close_day();
  });
}

void st_corpus_bytes(const st_corpus *c, int64_t *held, int64_t *written) {
  *held = c->room.held;
  *written = c->room.written;
}

void st_corpus_returns(const st_corpus *c, int64_t *rows, int64_t *returns) {
  std::memcpy(rows, c->rows_of_networks, sizeof c->rows_of_networks);
  std::memcpy(returns, c->returns, sizeof c->returns);
}

int64_t st_corpus_days(const st_corpus *c) { return c->plans.size(); }

char *st_corpus_plans(const st_corpus *c, int64_t from, int64_t n, void *plans, int32_t *streams) {
  return guard([&] {
    TORCH_CHECK_INDEX(from >= 0 && n >= 0 && from <= c->plans.size() - n, n, " days from day ", from, " of ", c->plans.size());
    c->plans.read(from, n, static_cast<Plan *>(plans));
    auto s = std::upper_bound(c->streams.begin(), c->streams.end(), from,
                              [](int64_t d, const Stream &x) { return d < x.first_plan + x.plans; });
    for (int64_t d = from; d < from + n; d++) {
      while (d >= s->first_plan + s->plans) s++;
      streams[d - from] = int32_t(s - c->streams.begin());
    }
  });
}

char *st_corpus_replay(st_tensor **out, const st_corpus *c, const st_chunk *chunks, int64_t n, int32_t context,
                       int32_t length, bool even) {
  return guard([&] {
    TORCH_CHECK(context >= 1 && length >= 1, "replay needs a context and a length of at least 1, got ", context, " and ",
                length);
    Batch b(n, context, length);
    for (int64_t i = 0; i < n; i++) {
      TORCH_CHECK_INDEX(chunks[i].row >= 0 && chunks[i].row < c->rows.size(), "chunk ", i, " starts at row ",
                        chunks[i].row, " of ", c->rows.size());
      TORCH_CHECK_INDEX(chunks[i].foreign_rows == 0 ||
                            (chunks[i].foreign >= 0 && chunks[i].foreign_rows > 0 &&
                             chunks[i].foreign <= c->rows.size() - chunks[i].foreign_rows),
                        "chunk ", i, " has a past of ", chunks[i].foreign_rows, " rows from row ", chunks[i].foreign, " of ",
                        c->rows.size());
      replay_chunk(b, *c, chunks[i], i);
    }
    b.pad(even);
    const int64_t s = int64_t(b.weight.size());
    std::vector<at::Tensor> r = {
        b.bag, b.numeric, b.valid, b.plan, tensor(b.position, {s}), tensor(b.row, {s}), tensor(b.weight, {s}),
        tensor(b.target, {s, kHeads}), tensor(b.rest, {s, kHeads}), tensor(b.bounds, {s, 8}),
        tensor(b.tuple_row, {s, kTuples}), tensor(b.tuple_bag, {s, kTuples, kCandidateBag}),
        tensor(b.tuple_mask, {s, kTuples}), tensor(b.peer_row, {s, kPeers}),
        tensor(b.peer_bag, {s, kPeers, kCandidateBag}), tensor(b.peer_mask, {s, kPeers}),
        tensor(b.size_bag, {s, kRepeats, kSizeBag}), tensor(b.size_numeric, {s, kRepeats, kSizeNumeric}),
        tensor(b.size_mask, {s, kRepeats}), tensor(b.joint, {s, kJoints}),
        tensor(b.answered_bag, {s, kAnswered}), tensor(b.answered, {s, kAnswered}), tensor(b.lasted_bag, {s, kLasted}),
        tensor(b.lasted, {s, kLasted}), tensor(b.chosen_row, {s}),
        tensor(b.chosen_bag, {s, kCandidateBag}), tensor(b.chosen, {s, 1})};
    for (auto &subset : b.subset) r.push_back(tensor(subset, {int64_t(subset.size())}));
    for (int i = 0; i < ST_BATCH_COUNT; i++) out[i] = own(r[i]);
  });
}
