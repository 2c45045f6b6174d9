package dataset

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var internal = []netip.Prefix{netip.MustParsePrefix("42.219.0.0/16"), netip.MustParsePrefix("2001:db8::/32")}

// testFlow is a plain flow of host 42.219.0.1 that others are made from.
func testFlow() Flow {
	return Flow{
		Host: netip.MustParseAddr("42.219.0.1"), SrcAddr: netip.MustParseAddr("42.219.0.1"),
		DstAddr: netip.MustParseAddr("8.8.8.8"), SrcPort: 50000, DstPort: 53, Proto: 17, TCPFlags: 16,
		Start: 1_460_332_800_000_000, End: 1_460_332_801_000_000, Packets: 2, Bytes: 128, Label: "background",
	}
}

// randomFlows returns n flows of some hosts of both address families, with times that jump about and often repeat.
func randomFlows(seed uint64, n int) []Flow {
	r := rand.New(rand.NewPCG(seed, 0))
	labels := []string{"", "background", "dos", "scan 44"}
	flows := make([]Flow, n)
	for i := range flows {
		f := testFlow()
		f.Host = netip.AddrFrom4([4]byte{42, 219, byte(r.IntN(3)), byte(r.IntN(20))})
		remote := netip.AddrFrom4([4]byte{byte(1 + r.IntN(9)), byte(r.IntN(256)), 0, byte(r.IntN(256))})
		if r.IntN(4) == 0 {
			f.Host = netip.MustParseAddr(fmt.Sprintf("2001:db8::%x", r.IntN(300)))
			remote = netip.MustParseAddr(fmt.Sprintf("2a00:%x::1", r.IntN(65536)))
		}
		f.SrcAddr, f.DstAddr = f.Host, remote
		if r.IntN(2) == 0 {
			f.SrcAddr, f.DstAddr = remote, f.Host
		}
		f.End = 1_460_332_800_000_000 + int64(r.IntN(5000))*1_000_000
		f.Start = f.End - int64(r.IntN(3)*r.IntN(300_000))*1000
		f.SrcPort, f.DstPort = uint16(r.IntN(65536)), uint16(r.IntN(65536))
		f.Proto, f.TCPFlags, f.ToS = uint8(r.IntN(256)), uint8(r.IntN(256)), uint8(r.IntN(256))
		f.Packets = 1 + uint64(r.IntN(1000))
		f.Bytes = f.Packets * (20 + uint64(r.IntN(1400)))
		f.Label = labels[r.IntN(len(labels))]
		flows[i] = f
	}
	return flows
}

// sorted returns flows as a folder holds them, but for the buckets: by host as text, end, input order.
func sorted(flows []Flow) []Flow {
	flows = slices.Clone(flows)
	slices.SortStableFunc(flows, func(a, b Flow) int {
		if c := strings.Compare(a.Host.String(), b.Host.String()); c != 0 {
			return c
		}
		return int(a.End - b.End)
	})
	return flows
}

// build writes flows to a new folder and returns it.
func build(t testing.TB, flows []Flow, o BuildOptions) (dir string, m Manifest) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "flows")
	b, err := NewBuilder(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	for chunk := range slices.Chunk(flows, 1000) {
		if err := b.Add(chunk); err != nil {
			t.Fatal(err)
		}
	}
	if m, err = b.Finish(context.Background(), Meta{Tool: "test"}); err != nil {
		t.Fatal(err)
	}
	return dir, m
}

// readAll returns every row of a folder, in its order.
func readAll(t testing.TB, dir string) []Flow {
	t.Helper()
	set, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []Flow
	for flows, err := range set.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, flows...)
	}
	return all
}

// tree returns the content of every file below dir by its path.
func tree(t testing.TB, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		files[strings.TrimPrefix(path, dir)] = string(content)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

// names returns what stands in a folder, hidden files too.
func names(t testing.TB, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var found []string
	for _, entry := range entries {
		found = append(found, entry.Name())
	}
	return found
}
