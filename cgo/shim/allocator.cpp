// Settings of glibc's allocator for a program that makes and frees the same large blocks over and over. By default each
// block of more than 128 KiB is a mapping of its own, given back when freed and cleared page by page when made again.
#include <malloc.h>
#include <unistd.h>

namespace {

struct Settings {
  Settings() {
    mallopt(M_MMAP_THRESHOLD, 32 << 20);   // the largest value that glibc takes
    mallopt(M_TRIM_THRESHOLD, 256 << 20);  // free memory at the top of the heap that is kept
    // Each arena keeps what its threads once needed; by default there are eight a core.
    mallopt(M_ARENA_MAX, static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN)));
  }
} settings;

}  // namespace
