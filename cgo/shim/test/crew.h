// A team of 32 on the CPU, as a warp is one on a GPU. Its members take turns on one thread: between two joins each runs alone, in
// an order that changes from join to join, so that one who reads what another is yet to write, or already wrote, is found out.
#pragma once
#include <ucontext.h>

#include <cstring>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "lanes/team.h"
#include "test/check.h"

namespace stan {

struct Crew;

struct Member {
  static constexpr int size = 32;
  Crew *crew;
  int own;

  int rank() const { return own; }
  void sync() const;
  template <class T>
  T of(T x, int rank) const;
  uint32_t votes(bool yes) const;
};

struct Crew {
  enum Join { kDone, kSync, kOf, kVotes };

  Random order{1};
  ucontext_t home, context[Member::size];
  std::vector<char> stacks = std::vector<char>(Member::size * kStack);
  Join at[Member::size];               // where each waits
  uint64_t shown[2][Member::size];     // of this join and of the one before, which others may yet read
  int joins[Member::size];
  std::function<void(const Team<Member> &)> work;
  static constexpr size_t kStack = 256 << 10;

  // run has all members run f, and checks that they join at the same places.
  void run(std::function<void(const Team<Member> &)> f) {
    work = std::move(f);
    int turn[Member::size];
    for (int i = 0; i < Member::size; i++) {
      turn[i] = i;
      joins[i] = 0;
      getcontext(&context[i]);
      context[i].uc_stack.ss_sp = stacks.data() + size_t(i) * kStack;
      context[i].uc_stack.ss_size = kStack;
      context[i].uc_link = &home;
      const uint64_t self = reinterpret_cast<uint64_t>(this);
      makecontext(&context[i], reinterpret_cast<void (*)()>(&Crew::enter), 3, uint32_t(self >> 32), uint32_t(self), i);
    }
    do {
      for (int i = Member::size - 1; i > 0; i--) std::swap(turn[i], turn[order.below(i + 1)]);
      for (int i : turn) swapcontext(&home, &context[i]);
      for (int i : turn) {
        CHECK(at[i] == at[0], "member %d waits at a join of kind %d, another at %d", i, at[i], at[0]);
        if (at[i] != at[0]) return;
      }
    } while (at[0] != kDone);
  }

  static void enter(uint32_t high, uint32_t low, int own) {
    Crew *crew = reinterpret_cast<Crew *>(uint64_t(high) << 32 | low);
    crew->work(Team<Member>{{crew, own}});
    crew->at[own] = kDone;
  }

  // join waits for all, and returns what each has shown.
  const uint64_t *join(int own, Join kind, uint64_t x) {
    uint64_t *all = shown[joins[own]++ % 2];
    all[own] = x;
    at[own] = kind;
    swapcontext(&context[own], &home);
    return all;
  }
};

inline void Member::sync() const { crew->join(own, Crew::kSync, 0); }

template <class T>
T Member::of(T x, int rank) const {
  uint64_t bits = 0;
  std::memcpy(&bits, &x, sizeof x);
  bits = crew->join(own, Crew::kOf, bits)[rank % size];
  std::memcpy(&x, &bits, sizeof x);
  return x;
}

inline uint32_t Member::votes(bool yes) const {
  const uint64_t *all = crew->join(own, Crew::kVotes, yes);
  uint32_t out = 0;
  for (int i = 0; i < size; i++) out |= uint32_t(all[i]) << i;
  return out;
}

}  // namespace stan
