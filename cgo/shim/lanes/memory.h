// What a lane remembers of its stream, in places that never grow: recent conversations and peers, sizes, and remotes met.
#pragma once
#include "tables.h"
#include "team.h"

namespace stan {

constexpr int kTuples = 16, kPeers = 24;
constexpr int kEntries = kTuples + kPeers;

// Entry is a remembered row: the last of its conversation, or of its peer.
struct Entry {
  Row row;
  int32_t ref;       // where the row's embedding lies
  int32_t position;  // of the row in the stream
  int32_t count;     // rows of this conversation or peer so far, 0 for an unused entry
  int16_t tuple_rank, peer_rank;  // at which the row was found when it came
};

// List holds entries in slots that never move; order tells their ranks, most recent first.
template <int N>
struct List {
  Entry slot[N];
  uint8_t order[N];
  int32_t used;

  STAN_HD void clear() {
    used = 0;
    for (int i = 0; i < N; i++) {
      order[i] = uint8_t(i);
      slot[i].count = 0;
    }
  }

  template <class M = Single>
  STAN_HD int rank_of(int s, const Team<M> &team = {}) const {
    const int r = team.search(used, [&](int i) { return order[i] == s; });
    return r < used ? r : N;
  }

  // find returns the slot of the first row by rank that same(row) holds for, N if it holds for none.
  template <class Same, class M = Single>
  STAN_HD int find(Same same, const Team<M> &team = {}) const {
    const int r = team.search(used, [&](int i) { return same(slot[order[i]].row); });
    return r < used ? order[r] : N;
  }

  // touch moves the slot that holds the row's key to the front, taking a new one or the oldest for a new key.
  STAN_HD int touch(int found, const Row &row, int32_t ref, int32_t position) {
    int rank;
    if (found < N) {
      rank = rank_of(found);
    } else {
      rank = used < N ? used++ : N - 1;
      slot[order[rank]].count = 0;
    }
    const uint8_t s = order[rank];
    for (int r = rank; r > 0; r--) order[r] = order[r - 1];
    order[0] = s;
    slot[s].row = row;
    slot[s].ref = ref;
    slot[s].position = position;
    slot[s].count++;
    return s;
  }
};

constexpr int kBuckets = 64;        // of what is remembered by key
constexpr int kBytesCopies = 16;    // classes of bytes as in one of the last flows of the kind with as many packets
constexpr int kSteps = 17, kPeerDurations = 4, kKindDurations = 16;
// Classes of durations: the ticks that a row lasts longer than what it answers or its peer's last one, then those of the peer, of the kind of flow, of the
// row before.
constexpr int kDurationCopies = kSteps + kPeerDurations + kKindDurations + 1;
constexpr int kRecentSizes = 64, kRepeats = 24;  // sizes that are remembered, and that a row is offered to repeat

// Recent holds the last entries of each bucket, the most recent first. Keys that share a bucket push each other out.
template <class Entry, int Depth, int Buckets = kBuckets>
struct Recent {
  Entry slot[Buckets][Depth];
  int32_t used[Buckets];

  STAN_HD void clear() {
    for (int b = 0; b < Buckets; b++) used[b] = 0;
  }

  // touch moves an entry to the front, or puts a new one there.
  STAN_HD void touch(int bucket, const Entry &e) {
    int rank = 0;
    while (rank < used[bucket] && !(slot[bucket][rank] == e)) rank++;
    push(bucket, rank, e);
  }

  // push puts an entry first, in place of the one of the given rank, or of the last for a rank that is not used.
  STAN_HD void push(int bucket, int rank, const Entry &e) {
    if (rank >= used[bucket]) rank = used[bucket] < Depth ? used[bucket]++ : Depth - 1;
    Entry *s = slot[bucket];
    for (int r = rank; r > 0; r--) s[r] = s[r - 1];
    s[0] = e;
  }
};

// place_in is where v stands first among n values, n for nowhere.
STAN_HD int place_in(const int64_t *values, int n, int64_t v) {
  int i = 0;
  while (i < n && values[i] != v) i++;
  return i;
}

struct Size {
  int64_t packets, bytes;
  int32_t kind;

  STAN_HD bool operator==(const Size &s) const { return bytes == s.bytes && packets == s.packets && kind == s.kind; }
};

// Sizes remembers packets and bytes that have no class of their own: a host repeats its own.
struct Sizes : Recent<Size, kBytesCopies> {
  STAN_HD static int bucket_of(int kind, int64_t packets) {
    return int((uint32_t(packets) * 2654435761u + uint32_t(kind) * 40503u) >> 16) % kBuckets;
  }

  STAN_HD void touch(const Size &s) { Recent::touch(bucket_of(s.kind, s.packets), s); }

  // recent writes the last bytes of flows of the kind with as many packets, -1 where there are no more.
  STAN_HD void recent(int kind, int64_t packets, int64_t *bytes) const {
    const int b = bucket_of(kind, packets);
    int n = 0;
    for (int r = 0; r < used[b]; r++) {
      const Size &s = slot[b][r];
      if (s.packets == packets && s.kind == kind) bytes[n++] = s.bytes;
    }
    while (n < kBytesCopies) bytes[n++] = -1;
  }

  // copy_of is the rank of bytes among the last ones of the kind with as many packets, kBytesCopies for none.
  STAN_HD uint8_t copy_of(int kind, int64_t packets, int64_t bytes) const {
    int64_t last[kBytesCopies];
    recent(kind, packets, last);
    return uint8_t(place_in(last, kBytesCopies, bytes));
  }
};

// SizeEntry is the last flow of a size.
struct SizeEntry {
  Size size;
  uint32_t remote;   // mark_of its address
  int32_t position;  // of the row in the stream
  int32_t count;     // rows of this size so far
  uint16_t packets_atom, bytes_atom;
};

// mark_of tells addresses apart, but for one pair in four billion.
STAN_HD uint32_t mark_of(const uint32_t *addr) {
  uint32_t h = 0;
  for (int k = 0; k < 4; k++) h = (h ^ addr[k]) * 2654435761u;
  return h ^ (h >> 15);
}

// RecentSizes remembers the sizes of flows in slots that never move, packets and bytes at once; order tells which came last. A
// flow is offered those of its kind, the most recent first.
struct RecentSizes {
  SizeEntry slot[kRecentSizes];
  uint8_t order[kRecentSizes];
  int32_t used;

  STAN_HD void clear() { used = 0; }

  // offered writes the slots of the sizes that a flow of a kind is offered, and returns their number.
  STAN_HD int offered(int kind, uint8_t (&slots)[kRepeats]) const {
    int n = 0;
    for (int r = 0; r < used && n < kRepeats; r++)
      if (slot[order[r]].size.kind == kind) slots[n++] = order[r];
    return n;
  }

  // rank_of is the place of a size among those that its kind is offered, kRepeats for none.
  STAN_HD int rank_of(const Size &s) const {
    int n = 0;
    for (int r = 0; r < used && n < kRepeats; r++) {
      const Size &x = slot[order[r]].size;
      if (x == s) return n;
      n += x.kind == s.kind;
    }
    return kRepeats;
  }

  // touch moves the slot of e's size to the front, taking a new one or the oldest for a new size.
  STAN_HD void touch(SizeEntry e) {
    int rank = 0;
    while (rank < used && !(slot[order[rank]].size == e.size)) rank++;
    e.count = 1;
    if (rank < used)
      e.count += slot[order[rank]].count;
    else if (used == kRecentSizes)
      rank = kRecentSizes - 1;
    else
      order[used++] = uint8_t(rank);
    const uint8_t s = order[rank];
    for (int r = rank; r > 0; r--) order[r] = order[r - 1];
    order[0] = s;
    slot[s] = e;
  }
};

struct Duration {
  int64_t ticks;
  int32_t kind;

  STAN_HD bool operator==(const Duration &d) const { return ticks == d.ticks && kind == d.kind; }
};

// Durations remembers durations that have no class of their own by the kind of flow.
struct Durations : Recent<Duration, kKindDurations> {
  STAN_HD static int bucket_of(int kind) { return kind % kBuckets; }

  STAN_HD void touch(const Duration &d) { Recent::touch(bucket_of(d.kind), d); }
};

// PeerDurations remembers how long the flows with each peer lasted, by its slot and their direction.
struct PeerDurations : Recent<int64_t, kPeerDurations, 2 * kPeers> {
  STAN_HD static int bucket_of(int peer, int outbound) { return 2 * peer + outbound; }

  STAN_HD void touch(int peer, int outbound, int64_t ticks) { Recent::touch(bucket_of(peer, outbound), ticks); }

  // leave forgets what a peer had that another takes the place of.
  STAN_HD void leave(int peer) { used[bucket_of(peer, 0)] = used[bucket_of(peer, 1)] = 0; }

  // of is the duration of a rank, -1 for none; peer is kPeers for none that is remembered.
  STAN_HD int64_t of(int peer, int outbound, int rank) const {
    if (peer == kPeers) return -1;
    const int b = bucket_of(peer, outbound);
    return rank < used[b] ? slot[b][rank] : -1;
  }
};

struct Remote {
  uint32_t addr[4];
  int32_t place;
};

// Met remembers the remotes that were drawn from each network, one that came again as often as it came: a host returns to
// the servers of a network that it knows, though no model stores their addresses.
struct Met : Recent<Remote, kMet> {
  STAN_HD static int bucket_of(int place) { return place % kBuckets; }

  STAN_HD void touch(const Row &row) {
    Remote e{{}, row.place};
    for (int k = 0; k < 4; k++) e.addr[k] = row.addr[k];
    push(bucket_of(row.place), kMet, e);
  }

  // of is the remote of a rank among those that were met in the place or in one that shares its bucket; NULL for one of the others.
  STAN_HD const Remote *of(int place, int rank) const {
    const int b = bucket_of(place);
    return rank < used[b] && slot[b][rank].place == place ? &slot[b][rank] : nullptr;
  }
};

}  // namespace stan
