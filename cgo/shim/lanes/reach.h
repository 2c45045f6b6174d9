// How much of each region of places a host of one IP version can reach. A region is drawn before its place, and the network may
// draw one of the other version: then its few places of the host's own must not stand for all of it.
#pragma once
#include <cmath>
#include <vector>

#include "row.h"

namespace stan {

// region_reach returns ln of the share of each region's places that have a version, first all regions for IPv4, then for IPv6.
// Internal networks, the first place, have both; any address of the other version, one of the last two, counts for nothing.
inline std::vector<float> region_reach(const uint32_t *place_addr, int32_t places, int32_t region) {
  std::vector<float> out;
  for (const bool six : {false, true})
    for (int32_t first = 0; first < places; first += region) {
      int all = 0, reached = 0;
      for (int32_t p = first; p < first + region && p < places; p++) {
        if (p == (six ? places - 2 : places - 1)) continue;
        all++;
        reached += p == 0 || is_ipv6(place_addr + 4 * int64_t(p)) == six;
      }
      out.push_back(reached > 0 ? std::log(float(reached) / float(all)) : -INFINITY);
    }
  return out;
}

}  // namespace stan
