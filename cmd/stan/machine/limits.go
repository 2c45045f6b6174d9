// Package machine tells what this process may use of the machine: memory, processors, disk, and what it has loaded.
//
// What a container may use is less than what the machine has: limits are those of the control groups, of either version,
// that hold the process.
package machine

import (
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// Limits are what control groups leave to the process.
type Limits struct {
	Memory     int64   // bytes; 0 for no limit
	MemoryLeft int64   // bytes of Memory that are not in use; the page cache, which the kernel gives up, counts as free
	Processors float64 // 0 for no limit
}

// ReadLimits finds the tightest limits on the way from the process's group to the root. groups is the file system of
// /sys/fs/cgroup. A file that is absent or unreadable sets no limit.
func ReadLimits(process procfs.Proc, groups fs.FS) (Limits, error) {
	memberships, err := process.Cgroups()
	if err != nil {
		return Limits{}, err
	}
	var l Limits
	for _, m := range memberships {
		switch {
		case m.HierarchyID == 0:
			for dir := range ancestors(m.Path) {
				l.holdMemory(groups, dir, "memory.max", "memory.current", "inactive_file")
				quota, period, _ := strings.Cut(text(groups, path.Join(dir, "cpu.max")), " ")
				l.holdProcessors(quota, period)
			}
		case slices.Contains(m.Controllers, "memory"):
			for dir := range ancestors(m.Path) {
				l.holdMemory(groups, path.Join("memory", dir), "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
			}
		case slices.Contains(m.Controllers, "cpu"):
			for dir := range ancestors(m.Path) {
				dir = path.Join("cpu", dir)
				l.holdProcessors(text(groups, path.Join(dir, "cpu.cfs_quota_us")), text(groups, path.Join(dir, "cpu.cfs_period_us")))
			}
		}
	}
	return l, nil
}

// ancestors yields a group and those around it, the root "." at last. Inside a container the path may be the host's, and
// only the root be there.
func ancestors(group string) func(yield func(string) bool) {
	return func(yield func(string) bool) {
		for dir := path.Clean("/" + group); dir != "/"; dir = path.Dir(dir) {
			if !yield(dir[1:]) {
				return
			}
		}
		yield(".")
	}
}

// unlimited is what version 1 says for no limit, rounded down to pages of any size.
const unlimited = math.MaxInt64 - 1<<20

func (l *Limits) holdMemory(groups fs.FS, dir, limitFile, usedFile, cacheKey string) {
	limit, err := strconv.ParseInt(text(groups, path.Join(dir, limitFile)), 10, 64)
	if err != nil || limit >= unlimited { // "max" is no number
		return
	}
	used, _ := strconv.ParseInt(text(groups, path.Join(dir, usedFile)), 10, 64)
	for line := range strings.Lines(text(groups, path.Join(dir, "memory.stat"))) {
		if cache, ok := strings.CutPrefix(strings.TrimSpace(line), cacheKey+" "); ok {
			bytes, _ := strconv.ParseInt(cache, 10, 64)
			used -= bytes
		}
	}
	left := max(0, limit-max(0, used))
	if l.Memory == 0 || left < l.MemoryLeft {
		l.Memory, l.MemoryLeft = limit, left
	}
}

func (l *Limits) holdProcessors(quota, period string) {
	q, err := strconv.ParseFloat(quota, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err != nil || err2 != nil || q <= 0 || p <= 0 { // "max" in version 2, -1 in version 1
		return
	}
	if l.Processors == 0 || q/p < l.Processors {
		l.Processors = q / p
	}
}

func text(files fs.FS, name string) string {
	content, err := fs.ReadFile(files, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(content))
}
