package damage

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"runtime/debug"
	"slices"
	"testing"
	"time"
)

// copies is set by go test -damaged N: make faults asks for 10,000.
var copies = flag.Uint64("damaged", 100, "damaged copies `N` of each file that is read")

const (
	timeLimit = time.Minute // of one copy: far beyond what any takes, also on a loaded machine
	maxMemory = 1 << 30     // bytes that the process may hold at any moment
)

// Each calls try with damaged copies of the files in turn, -damaged of them in all. try tells whether a copy was read; what it
// reads it must check. The files themselves must be read. A panic, a copy that takes more than a minute and more than 1 GiB held at once fail the test.
func Each(t *testing.T, files [][]byte, try func(t *testing.T, content []byte) (read bool)) {
	t.Helper()
	for i, file := range files {
		if !try(t, slices.Clone(file)) {
			t.Fatalf("file %d, undamaged, is refused", i)
		}
	}
	before := held(t)
	read := 0
	for n := range *copies {
		content := Copy(files[n%uint64(len(files))], n)
		hangs := time.AfterFunc(timeLimit, func() { panic(fmt.Sprintf("damage: %s: copy %d hangs", t.Name(), n)) })
		if guarded(t, n, content, try) {
			read++
		}
		hangs.Stop()
		if t.Failed() {
			t.Fatalf("copy %d of file %d", n, n%uint64(len(files)))
		}
	}
	after := held(t)
	t.Logf("%d damaged copies: %d refused, %d read; at most %d MiB held, %d before", *copies, int(*copies)-read, read, after>>20, before>>20)
	if after > max(before, maxMemory) {
		t.Errorf("%d MiB held, want at most %d", after>>20, maxMemory>>20)
	}
}

func guarded(t *testing.T, n uint64, content []byte, try func(*testing.T, []byte) bool) bool {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("copy %d: panic: %v\n%s", n, r, debug.Stack())
		}
	}()
	return try(t, content)
}

// held returns the most bytes of memory that the process has held so far.
func held(t *testing.T) int64 {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range bytes.Lines(status) {
		var kib int64
		if _, err := fmt.Sscanf(string(line), "VmHWM: %d kB", &kib); err == nil {
			return kib << 10
		}
	}
	t.Fatal("/proc/self/status: no VmHWM")
	return 0
}
