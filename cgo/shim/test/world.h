// A small vocabulary: hosts, ports and places enough that each kind of class occurs.
#pragma once
#include <algorithm>
#include <vector>

#include "lanes/reach.h"
#include "lanes/tables.h"

namespace stan {

struct World {
  std::vector<int64_t> gaps = {0, 1, 7}, durations = {0}, packets = {1, 2, 3}, bytes = {40, 60, 120};
  std::vector<uint8_t> protos = {1, 6, 17, 47}, flags = {0, 2, 16, 27}, flags_protos = {2 | 4 | 8, 1, 1, 1 | kSeveralPackets, 1}, tos = {0, 8};
  std::vector<uint16_t> ports = {53, 80, 443}, icmps = {0, 771, 2048}, port_class, bin_ports;
  std::vector<uint8_t> port_protos = {0, 2, 1, 1}, port_service;
  std::vector<int32_t> bin_start;
  std::vector<uint32_t> place_addr;
  std::vector<uint8_t> place_bits;
  std::vector<int32_t> place_bucket;
  std::vector<float> reach;
  Tables t{};

  static constexpr int kBins = 128, kBin = 512;

  void place(uint32_t a0, uint32_t a1, uint32_t a2, uint32_t a3, int bits) {
    place_addr.insert(place_addr.end(), {a0, a1, a2, a3});
    place_bits.push_back(uint8_t(bits));
    place_bucket.push_back(int32_t(place_bucket.size()));
  }

  World() {
    port_service.assign(65536, kNoService);
    for (size_t i = 0; i < ports.size(); i++) port_service[ports[i]] = uint8_t(i);
    for (int p = 0; p < 65536; p++) {
      if (p % kBin == 0) bin_start.push_back(int32_t(bin_ports.size()));
      const auto exact = std::find(ports.begin(), ports.end(), p);
      if (exact == ports.end() && p / kBin != 3) bin_ports.push_back(uint16_t(p));  // bin 3 is empty
      port_class.push_back(uint16_t(exact == ports.end() ? 1 + int(ports.size()) + p / kBin : 1 + (exact - ports.begin())));
    }
    bin_start.push_back(int32_t(bin_ports.size()));
    place(0, 0, 0xffff, 0x2adb0000, 112);  // internal
    place(0, 0, 0xffff, 0x08080808, 128);
    place(0, 0, 0xffff, 0x01010101, 128);
    place(0, 0, 0xffff, 0x50000000, 120);
    for (uint32_t i = 1; i < 200; i++) place(0, 0, 0xffff, 0x50000000 + 256 * i, 120);
    place(0x20010db8, 0, 0, 0, 32);
    place(0, 0, 0xffff, 0, 96);
    place(0, 0, 0, 0, 0);
    const auto values = [](const std::vector<int64_t> &v) { return Values{v.data(), int32_t(v.size()), 2, 1.5f}; };
    t.gap = values(gaps);
    t.duration = values(durations);
    t.packets = values(packets);
    t.bytes = values(bytes);
    t.gap_tick = kSecond;
    t.duration_tick = 1000;
    t.protos = int32_t(protos.size());
    t.flags = int32_t(flags.size());
    t.tos = int32_t(tos.size());
    t.labels = 2;
    t.proto_values = protos.data();
    t.flags_values = flags.data();
    t.tos_values = tos.data();
    t.flags_protos = flags_protos.data();
    t.ports = int32_t(ports.size());
    t.bins = kBins;
    t.icmps = int32_t(icmps.size());
    t.port_class = port_class.data();
    t.port_values = ports.data();
    t.port_protos = port_protos.data();
    t.bin_ports = bin_ports.data();
    t.bin_start = bin_start.data();
    t.icmp_values = icmps.data();
    t.port_service = port_service.data();
    t.low_services = low_services(t.port_service);
    t.places = int32_t(place_bits.size());
    t.place_addr = place_addr.data();
    t.place_bits = place_bits.data();
    t.place_bucket = place_bucket.data();
    reach = region_reach(t.place_addr, t.places, kRegion);
    t.region_reach = reach.data();
    t.mtu = 1500;
    const int64_t sizes[kBag] = {int64_t(gaps.size()) + 1, 2, 4, 4, 2, t.protos + 1, t.port_classes(), t.port_classes(),
                                 t.flags + 1, t.tos + 1, kTuples + 1, kPeers + 1, t.places, t.labels, kRepeats + 1};
    for (int i = 1; i < kBag; i++) t.bag_offset[i] = t.bag_offset[i - 1] + sizes[i - 1];
    inputs = t.bag_offset[kBag - 1] + sizes[kBag - 1];
  }
  World(const World &) = delete;
  int64_t inputs;
};

}  // namespace stan
