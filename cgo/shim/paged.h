// Arrays that grow page by page: in memory up to a bound, beyond it in a file, which the system caches as it can. The bytes
// are the same in both, so that nothing that is read from an array depends on where it lies.
#ifndef STAN_PAGED_H
#define STAN_PAGED_H

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <memory>
#include <system_error>
#include <type_traits>
#include <vector>

namespace stan {

// Room is what the arrays of one owner share: up to memory bytes are held, pages that come after go to the file fd. Without
// a file (fd < 0) all are held.
struct Room {
  int64_t memory;
  int fd;
  int64_t held = 0, written = 0;  // bytes of full pages
};

[[noreturn]] inline void throw_errno(int code, const char *what) {
  throw std::system_error(code, std::generic_category(), what);
}

inline void write_at(int fd, const void *data, int64_t bytes, int64_t at) {
  for (auto p = static_cast<const char *>(data); bytes > 0;) {
    const ssize_t n = ::pwrite(fd, p, size_t(bytes), at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_errno(n < 0 ? errno : EIO, "write");
    p += n, at += n, bytes -= n;
  }
}

inline void read_at(int fd, void *data, int64_t bytes, int64_t at) {
  for (auto p = static_cast<char *>(data); bytes > 0;) {
    const ssize_t n = ::pread(fd, p, size_t(bytes), at);
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) throw_errno(n < 0 ? errno : EIO, n < 0 ? "read" : "read: the file is shorter than what was written");
    p += n, at += n, bytes -= n;
  }
}

// Paged is an array of plain values. The last page is always in memory.
template <class T>
class Paged {
 public:
  static constexpr int64_t kPage = (64 << 10) / int64_t(sizeof(T));
  static_assert(kPage > 0 && std::is_trivially_copyable<T>::value, "pages hold whole plain values");

  explicit Paged(Room &room) : room_(room) {}

  int64_t size() const { return int64_t(pages_.size()) * kPage + used_; }

  T &back() { return tail_[used_ - 1]; }

  void push_back(const T &x) {
    if (used_ == kPage) turn();
    if (!tail_) tail_ = std::make_unique<T[]>(kPage);
    tail_[used_++] = x;
  }

  // read copies n values from at.
  void read(int64_t at, int64_t n, T *out) const {
    while (n > 0) {
      const size_t page = size_t(at / kPage);
      const int64_t from = at % kPage, some = std::min(n, kPage - from);
      if (page == pages_.size()) {
        std::copy_n(tail_.get() + from, some, out);
      } else if (pages_[page].held) {
        std::copy_n(pages_[page].held.get() + from, some, out);
      } else {
        read_at(room_.fd, out, some * int64_t(sizeof(T)), pages_[page].at + from * int64_t(sizeof(T)));
      }
      at += some, out += some, n -= some;
    }
  }

  T read(int64_t at) const {
    T x;
    read(at, 1, &x);
    return x;
  }

 private:
  struct Page {
    std::unique_ptr<T[]> held;  // null: in the file
    int64_t at;                 // in the file
  };

  // turn puts the last page, which is full, where it stays.
  void turn() {
    constexpr int64_t bytes = kPage * int64_t(sizeof(T));
    if (room_.fd < 0 || room_.held + bytes <= room_.memory) {
      pages_.push_back({std::move(tail_), 0});
      room_.held += bytes;
    } else {
      write_at(room_.fd, tail_.get(), bytes, room_.written);
      pages_.push_back({nullptr, room_.written});
      room_.written += bytes;
    }
    used_ = 0;
  }

  Room &room_;
  std::vector<Page> pages_;
  std::unique_ptr<T[]> tail_;
  int64_t used_ = 0;
};

}  // namespace stan
#endif
