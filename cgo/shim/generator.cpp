#include "generator.h"

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>

#ifdef STAN_CUDA
#include <c10/cuda/CUDAGuard.h>
#endif

#include "lanes/generator_object.h"

using namespace stan;

namespace {

void launch(st_generator &g, const Step &s) {
  if (g.device.is_cpu()) {
    for (int i = 0; i < g.g.width; i++) run_step(At<Single>(g.g, i), s.head, s);
    return;
  }
#ifdef STAN_CUDA
  const c10::cuda::CUDAGuard on(g.device);
  launch_cuda(g.g, s);
#else
  throw NoCUDA("this build of the shim has no CUDA");
#endif
}

template <class T>
T *make(st_generator &g, at::IntArrayRef shape, at::ScalarType type) {
  g.tensors.push_back(at::zeros(shape, at::TensorOptions(type).device(g.device)));
  return static_cast<T *>(g.tensors.back().data_ptr());
}

at::Tensor bytes_on(at::Device device, int64_t n) { return at::zeros({n}, at::TensorOptions(at::kByte).device(device)); }

// Slots and plans are copied in words.
using Word = int64_t;
static_assert(sizeof(Slot) % sizeof(Word) == 0 && sizeof(Plan) % sizeof(Word) == 0, "a slot and a plan are whole words");

constexpr int64_t words(size_t bytes) { return int64_t(bytes / sizeof(Word)); }

at::Tensor words_on(at::Device device, at::IntArrayRef shape) {
  return at::zeros(shape, at::TensorOptions(at::kLong).device(device));
}

// active_of is the view [W] int32 of the slots' field.
at::Tensor active_of(const st_generator &g) {
  static_assert(offsetof(Slot, active) % sizeof(int32_t) == 0 && sizeof(Slot::active) == sizeof(int32_t), "a view of int32");
  return g.slots.view(at::kInt).select(1, int64_t(offsetof(Slot, active) / sizeof(int32_t)));
}

// What a host's slot has beside that of any fresh one: its clock, its plan, and all from span_end on.
constexpr size_t kNow = offsetof(Slot, lane) + offsetof(Lane, now), kFirstPlan = offsetof(Slot, lane) + offsetof(Lane, plan),
                 kRest = offsetof(Slot, span_end);
static_assert(kNow % sizeof(Word) == 0 && kFirstPlan % sizeof(Word) == 0 && kRest % sizeof(Word) == 0, "fields begin at words");

constexpr int64_t kStaged = int64_t(8) << 20;  // bytes of plans that are put in place at once

void check_assignment(const Generator &g, const st_assignment &a) {
  TORCH_CHECK_INDEX(a.lane >= 0 && a.lane < g.width && a.days > 0 && a.days <= g.max_days, "no lane ", a.lane, " for ", a.days,
                    " days");
  TORCH_CHECK_INDEX(a.host >= 0 && a.host < g.host_count, "no host ", a.host, " among ", g.host_count);
  TORCH_CHECK(a.quota < 0 || (a.quota > 0 && static_cast<const Plan *>(a.plans)[a.days - 1].rows > 0), "a host with a quota of ",
              a.quota, " rows needs a last day with rows");
}

// assign puts n fresh slots and their plans in place.
void assign(st_generator &g, const st_assignment *list, int64_t n) {
  auto s = std::make_unique<Slot>();
  std::memset(static_cast<void *>(s.get()), 0, sizeof(Slot));
  s->lane.forget();
  const at::Tensor fresh = at::from_blob(s.get(), {1, words(sizeof(Slot))}, at::kLong).clone();
  const int64_t rest_bytes = sizeof(Slot) - kRest, plans_bytes = g.g.max_days * int64_t(sizeof(Plan));
  const at::Tensor lanes = words_on(at::kCPU, {n}), now = words_on(at::kCPU, {n, 1}),
                   rest = words_on(at::kCPU, {n, words(rest_bytes)}),
                   plans = words_on(at::kCPU, {n, g.g.max_days, words(sizeof(Plan))});
  const auto bytes = [](const at::Tensor &t) { return static_cast<char *>(t.data_ptr()); };
  for (int64_t i = 0; i < n; i++) {
    const st_assignment &a = list[i];
    s->span_end = a.end;
    s->quota = a.quota;
    s->host = a.host;
    s->active = 1;
    s->days = a.days;
    lanes.data_ptr<Word>()[i] = a.lane;
    now.data_ptr<Word>()[i] = a.start;
    std::memcpy(bytes(rest) + i * rest_bytes, reinterpret_cast<const char *>(s.get()) + kRest, rest_bytes);
    std::memcpy(bytes(plans) + i * plans_bytes, a.plans, a.days * sizeof(Plan));
  }
  const at::Tensor index = lanes.to(g.device), all_plans = plans.to(g.device);
  const auto put = [&](size_t at, const at::Tensor &x) {
    g.slots.narrow(1, words(at), x.size(1)).index_copy_(0, index, x.to(g.device).expand({n, x.size(1)}));
  };
  put(0, fresh);
  put(kNow, now);
  put(kFirstPlan, all_plans.select(1, 0));
  put(kRest, rest);
  g.plans.index_copy_(0, index, all_plans);
}

float *rows_of(const st_generator &g, const at::Tensor &t, int64_t &columns) {
  TORCH_CHECK_INDEX(t.dim() == 2 && t.size(0) == g.g.width, "draw needs [", g.g.width, ", n], got ", t.sizes());
  TORCH_CHECK(t.is_contiguous() && t.scalar_type() == at::kFloat, "draw needs contiguous float32");
  TORCH_CHECK(t.device() == g.device, "draw needs tensors on ", g.device.str());
  columns = t.size(1);
  return t.data_ptr<float>();
}

// classes_of is how many logits a head needs.
int64_t classes_of(const Tables &t, int head) {
  switch (head) {
    case kGap: return t.gap.count + 1;
    case kConversation: return kTuples + 1;
    case kPeer: return kPeers + 1;
    case kRegionOfPlace: return t.regions();
    case kPlace: return kRegion;
    case kDirection: return 2;
    case kProtocol: return t.protos + 1;
    case kLocalPort:
    case kRemotePort: return kCopies + t.port_classes();
    case kFlags: return t.flags + 1;
    case kToS: return t.tos + 1;
    case kRepeat: return kRepeats + 1;
    case kDuration: return t.duration.count + 1 + kDurationCopies;
    case kPackets: return t.packets.count + 1;
    case kBytes: return t.bytes.count + 1 + kBytesCopies;
    case kLabel: return t.labels;
  }
  TORCH_CHECK(false, "no head ", head);
}

bool has_mixture(int head) { return head == kGap || head == kDuration || head == kPackets || head == kBytes; }

}  // namespace

char *st_generator_new(st_generator **out, const st_tables *tables, int32_t width, int32_t max_days, int32_t block,
                       const uint32_t *hosts, int32_t host_count, uint64_t seed) {
  return guard([&] {
    TORCH_CHECK(width > 0 && max_days > 0 && block > 0 && host_count > 0, "a generator needs lanes, days, a block and hosts");
    auto g = std::make_unique<st_generator>();
    g->device = tables->device;
    const int64_t w = width;
    g->slots = words_on(g->device, {w, words(sizeof(Slot))});
    g->plans = words_on(g->device, {w, max_days, words(sizeof(Plan))});
    g->hosts = bytes_on(g->device, 16 * int64_t(host_count));
    g->hosts.copy_(at::from_blob(const_cast<uint32_t *>(hosts), {16 * int64_t(host_count)}, at::kByte));
    g->rows = bytes_on(g->device, block * w * int64_t(sizeof(Row)));
    g->row_hosts = at::full({block, w}, -1, at::TensorOptions(at::kInt).device(g->device));
    Generator &k = g->g;
    k.t = tables->tables;
    k.width = width;
    k.max_days = max_days;
    k.block = block;
    k.host_count = host_count;
    k.ipv6_hosts = 0;
    for (int32_t h = 0; h < host_count; h++) k.ipv6_hosts += is_ipv6(hosts + 4 * int64_t(h));
    k.seed = seed;
    k.slots = reinterpret_cast<Slot *>(g->slots.data_ptr());
    k.plans = reinterpret_cast<const Plan *>(g->plans.data_ptr());
    k.hosts = reinterpret_cast<const uint32_t *>(g->hosts.data_ptr());
    k.out.rows = reinterpret_cast<Row *>(g->rows.data_ptr());
    k.out.hosts = g->row_hosts.data_ptr<int32_t>();
    k.out.plan = make<float>(*g, {w, kPlan}, at::kFloat);
    k.out.tuple_bag = make<int64_t>(*g, {w, kTuples, kCandidateBag}, at::kLong);
    k.out.tuple_mask = make<float>(*g, {w, kTuples}, at::kFloat);
    k.out.peer_bag = make<int64_t>(*g, {w, kPeers, kCandidateBag}, at::kLong);
    k.out.peer_mask = make<float>(*g, {w, kPeers}, at::kFloat);
    k.out.size_bag = make<int64_t>(*g, {w, kRepeats, kSizeBag}, at::kLong);
    k.out.size_numeric = make<float>(*g, {w, kRepeats, kSizeNumeric}, at::kFloat);
    k.out.size_mask = make<float>(*g, {w, kRepeats}, at::kFloat);
    k.out.answered_bag = make<int64_t>(*g, {w, kAnswered}, at::kLong);
    k.out.answered = make<float>(*g, {w, kAnswered}, at::kFloat);
    k.out.lasted_bag = make<int64_t>(*g, {w, kLasted}, at::kLong);
    k.out.lasted = make<float>(*g, {w, kLasted}, at::kFloat);
    k.out.chosen_row = make<int64_t>(*g, {w}, at::kLong);
    k.out.chosen_bag = make<int64_t>(*g, {w, kCandidateBag}, at::kLong);
    k.out.chosen = make<float>(*g, {w, 1}, at::kFloat);
    k.out.input = make<int64_t>(*g, {w}, at::kLong);
    k.out.joint = make<int64_t>(*g, {w, kJoints}, at::kLong);
    k.out.number = make<float>(*g, {w, 1}, at::kFloat);
    k.out.bag = make<int64_t>(*g, {w, kBag}, at::kLong);
    k.out.numeric = make<float>(*g, {w, kNumeric}, at::kFloat);
    k.out.memory = make<int64_t>(*g, {2, w}, at::kLong);
    *out = g.release();
  });
}

void st_generator_steer(st_generator *g, float strength) { g->g.steering = strength; }

void st_generator_free(st_generator *g) { delete g; }

char *st_generator_tensors(st_generator *g, st_tensor **out) {
  return guard([&] {
    for (size_t i = 0; i < g->tensors.size(); i++) out[i] = own(g->tensors[i]);
  });
}

char *st_generator_assign(st_generator *g, const st_assignment *list, int64_t n) {
  return guard([&] {
    std::vector<bool> given(g->g.width);
    for (int64_t i = 0; i < n; i++) {
      check_assignment(g->g, list[i]);
      TORCH_CHECK_INDEX(!given[list[i].lane], "lane ", list[i].lane, " is given two hosts");
      given[list[i].lane] = true;
    }
    const int64_t each = std::max(int64_t(1), kStaged / (g->g.max_days * int64_t(sizeof(Plan))));
    for (int64_t from = 0; from < n; from += each) assign(*g, list + from, std::min(each, n - from));
  });
}

char *st_generator_begin(st_generator *g) {
  return guard([&] { launch(*g, {-1, nullptr, 0, nullptr, 0}); });
}

char *st_generator_draw(st_generator *g, int32_t head, const st_tensor *logits, const st_tensor *mixture) {
  return guard([&] {
    int64_t classes = 0, parameters = 0;
    float *l = rows_of(*g, ref(logits), classes);
    TORCH_CHECK_INDEX(classes == classes_of(g->g.t, head), "head ", head, " needs ", classes_of(g->g.t, head),
                      " classes, got ", classes);
    TORCH_CHECK((mixture != nullptr) == has_mixture(head), "head ", head, mixture ? " has no mixture" : " needs a mixture");
    float *m = mixture ? rows_of(*g, ref(mixture), parameters) : nullptr;
    TORCH_CHECK_INDEX(!mixture || (parameters > 0 && parameters % 3 == 0), "a mixture needs 3*k parameters, got ", parameters);
    launch(*g, {head, l, int(classes), m, int(parameters / 3)});
  });
}

char *st_generator_finish(st_generator *g) {
  return guard([&] { launch(*g, {kHeads, nullptr, 0, nullptr, 0}); });
}

char *st_generator_active(bool *out, const st_generator *g) {
  return guard([&] { *out = active_of(*g).any().item<bool>(); });
}

char *st_generator_host_tensors(const st_generator *g, st_tensor **out) {
  return guard([&] {
    std::vector<at::Tensor> made;
    for (const at::Tensor &t : {g->rows, g->row_hosts, active_of(*g)})
      made.push_back(at::zeros(t.sizes(), at::TensorOptions(t.scalar_type()).pinned_memory(g->device.is_cuda())));
    for (size_t i = 0; i < made.size(); i++) out[i] = own(made[i]);
  });
}

char *st_generator_collect(const st_generator *g, st_tensor *rows, st_tensor *hosts, st_tensor *active) {
  return guard([&] {
    ref(rows).copy_(g->rows, /*non_blocking=*/true);
    ref(hosts).copy_(g->row_hosts, /*non_blocking=*/true);
    ref(active).copy_(active_of(*g));  // waits for itself, and so for those before it
  });
}
