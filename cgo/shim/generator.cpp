#include "generator.h"

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

// copy_bytes moves n bytes between the host and a byte tensor.
void copy_bytes(at::Tensor to, const void *from, int64_t n) {
  to.copy_(at::from_blob(const_cast<void *>(from), {n}, at::kByte));
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
    g->slots = bytes_on(g->device, w * int64_t(sizeof(Slot)));
    g->plans = bytes_on(g->device, w * max_days * int64_t(sizeof(Plan)));
    g->hosts = bytes_on(g->device, 16 * int64_t(host_count));
    copy_bytes(g->hosts, hosts, 16 * int64_t(host_count));
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
    k.out.chosen_row = make<int64_t>(*g, {w}, at::kLong);
    k.out.chosen_bag = make<int64_t>(*g, {w, kCandidateBag}, at::kLong);
    k.out.chosen = make<float>(*g, {w, 1}, at::kFloat);
    k.out.input = make<int64_t>(*g, {w}, at::kLong);
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

char *st_generator_assign(st_generator *g, int32_t lane, int32_t host, const void *plans, int32_t days, int64_t start,
                          int64_t end, int64_t quota) {
  return guard([&] {
    TORCH_CHECK_INDEX(lane >= 0 && lane < g->g.width && days > 0 && days <= g->g.max_days, "no lane ", lane, " for ", days,
                      " days");
    TORCH_CHECK_INDEX(host >= 0 && host < g->g.host_count, "no host ", host, " among ", g->g.host_count);
    const int64_t size = int64_t(sizeof(Slot)), plan = int64_t(sizeof(Plan));
    auto s = std::make_unique<Slot>();
    std::memset(static_cast<void *>(s.get()), 0, sizeof(Slot));
    s->lane.forget();
    s->lane.now = start;
    const Plan *p = static_cast<const Plan *>(plans);
    s->lane.start_day(p[0]);
    TORCH_CHECK(quota < 0 || (quota > 0 && p[days - 1].rows > 0), "a host with a quota of ", quota,
                " rows needs a last day with rows");
    s->span_end = end;
    s->quota = quota;
    s->host = host;
    s->active = 1;
    s->days = days;
    copy_bytes(g->slots.narrow(0, lane * size, size), s.get(), size);
    copy_bytes(g->plans.narrow(0, lane * g->g.max_days * plan, days * plan), plans, days * plan);
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

char *st_generator_collect(st_generator *g, void *rows, int32_t *hosts, int32_t *active) {
  return guard([&] {
    const at::Tensor r = g->rows.cpu(), h = g->row_hosts.cpu(), s = g->slots.cpu();
    std::memcpy(rows, r.data_ptr(), r.numel());
    std::memcpy(hosts, h.data_ptr(), h.numel() * sizeof(int32_t));
    const Slot *slots = reinterpret_cast<const Slot *>(s.data_ptr());
    for (int i = 0; i < g->g.width; i++) active[i] = slots[i].active;
  });
}
