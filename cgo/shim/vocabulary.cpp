#include "vocabulary.h"

#include <cstring>
#include <memory>

#include "lanes/reach.h"
#include "lanes/tables_object.h"

namespace {

using stan::guard;

template <class T>
const T *keep(st_tables &t, const T *data, int64_t n) {
  at::Tensor bytes = at::empty({n * int64_t(sizeof(T))}, at::kByte);
  if (n > 0) std::memcpy(bytes.data_ptr(), data, n * sizeof(T));
  t.storage.push_back(bytes.to(t.device));
  return static_cast<const T *>(t.storage.back().data_ptr());
}

stan::Values values(st_tables &t, const st_values &v) {
  return {keep(t, v.exact, v.count), v.count, v.centre, v.scale, v.most};
}

}  // namespace

char *st_tables_new(st_tables **out, const st_vocabulary *v, st_device device) {
  return guard([&] {
    auto t = std::make_unique<st_tables>();
    // Of a tensor, so that "cuda" becomes the device that it means.
    if (device.type != 0) t->device = at::empty({0}, at::Device(at::DeviceType(device.type), device.index)).device();
    stan::Tables &k = t->tables;
    k.without = {v->without_conversations, v->without_profile, v->without_atoms};
    k.gap = values(*t, v->gap);
    k.duration = values(*t, v->duration);
    k.packets = values(*t, v->packets);
    k.bytes = values(*t, v->bytes);
    k.gap_tick = v->gap_tick;
    k.duration_tick = v->duration_tick;
    k.protos = v->protos;
    k.flags = v->flags;
    k.tos = v->tos;
    k.labels = v->labels;
    k.proto_values = keep(*t, v->proto_values, v->protos);
    k.flags_values = keep(*t, v->flags_values, v->flags);
    k.tos_values = keep(*t, v->tos_values, v->tos);
    k.flags_protos = keep(*t, v->flags_protos, v->flags + 1);
    k.ports = v->ports;
    k.bins = v->bins;
    k.icmps = v->icmps;
    k.port_class = keep(*t, v->port_class, 65536);
    k.port_values = keep(*t, v->port_values, v->ports);
    k.port_protos = keep(*t, v->port_protos, v->ports + 1);
    k.bin_start = keep(*t, v->bin_start, v->bins + 1);
    k.bin_ports = keep(*t, v->bin_ports, v->bin_start[v->bins]);
    k.icmp_values = keep(*t, v->icmp_values, v->icmps);
    k.port_service = keep(*t, v->port_service, 65536);
    k.low_services = stan::low_services(v->port_service);
    k.places = v->places;
    k.place_addr = keep(*t, v->place_addr, 4 * int64_t(v->places));
    k.place_bits = keep(*t, v->place_bits, v->places);
    k.place_bucket = keep(*t, v->place_bucket, v->places);
    const std::vector<float> reach = stan::region_reach(v->place_addr, v->places, stan::kRegion);
    k.region_reach = keep(*t, reach.data(), int64_t(reach.size()));
    std::memcpy(k.bag_offset, v->bag_offset, sizeof k.bag_offset);
    k.mtu = v->mtu;
    k.shorter_replies = v->shorter_replies;
    st_tables_returns(t.get(), v->returns);
    *out = t.release();
  });
}

void st_tables_free(st_tables *t) { delete t; }

void st_tables_returns(st_tables *t, const float *returns) { std::memcpy(t->tables.returns, returns, sizeof t->tables.returns); }
