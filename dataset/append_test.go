package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// captures writes random flows to n UGR'16 files, each line to one of them by chance, and returns their paths.
func captures(t *testing.T, seed uint64, flows, n int) []string {
	t.Helper()
	var text bytes.Buffer
	w := newUGR16Writer(&text)
	if err := errors.Join(w.Write(randomFlows(seed, flows)), w.Close()); err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(seed, 1))
	parts := make([]strings.Builder, n)
	for line := range strings.Lines(text.String()) {
		parts[r.IntN(n)].WriteString(line)
	}
	dir := t.TempDir()
	paths := make([]string, n)
	for i := range parts {
		paths[i] = filepath.Join(dir, fmt.Sprintf("day-%d.csv", i))
		write(t, paths[i], parts[i].String())
	}
	return paths
}

// appendTo ingests files into a folder that may be there.
func appendTo(dir string, files []string, o IngestOptions) (Manifest, error) {
	o.Inputs, o.Output, o.Build.Append, o.Tool = files, dir, true, "test"
	if o.Internal == nil {
		o.Internal = internal
	}
	m, _, err := Ingest(context.Background(), o)
	return m, err
}

// mustAppend is appendTo, which must go well.
func mustAppend(t *testing.T, dir string, files ...string) {
	t.Helper()
	if _, err := appendTo(dir, files, IngestOptions{}); err != nil {
		t.Fatal(err)
	}
}

// The law of appending: any captures added one after another make the folder that one run over all of them makes.
func TestAppendEqualsIngestOfAll(t *testing.T) {
	days := captures(t, 8, 30_000, 3)
	days = append(days, "../testdata/flows/42.219.153.187.csv.gz")
	whole := filepath.Join(t.TempDir(), "flows")
	mustAppend(t, whole, days...)
	want := tree(t, whole)
	tests := map[string]struct {
		runs  [][]string
		build BuildOptions
	}{
		"day by day":             {[][]string{days[:1], days[1:2], days[2:3], days[3:]}, BuildOptions{}},
		"one and three":          {[][]string{days[:1], days[1:]}, BuildOptions{Threads: 1}},
		"three and one":          {[][]string{days[:3], days[3:]}, BuildOptions{Threads: 7}},
		"in the smallest memory": {[][]string{days[:2], days[2:]}, BuildOptions{MemoryBytes: 1 << 20}},
		"with the buckets spelt": {[][]string{days[:2], days[2:]}, BuildOptions{Buckets: defaultBuckets}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "flows")
			for _, files := range tc.runs {
				if _, err := appendTo(dir, files, IngestOptions{Build: tc.build}); err != nil {
					t.Fatal(err)
				}
			}
			if got := tree(t, dir); !maps.Equal(got, want) {
				for path := range want {
					if got[path] != want[path] {
						t.Errorf("%s differs from that of one run", path)
					}
				}
			}
			if left := names(t, filepath.Dir(dir)); len(left) != 1 {
				t.Errorf("left %q", left)
			}
		})
	}
}

func TestAppendKeepsPseudonymsAndSumsUp(t *testing.T) {
	days := captures(t, 9, 4000, 2)
	bad := filepath.Join(t.TempDir(), "bad.csv")
	write(t, bad, ugr16Line+"\n"+strings.Replace(ugr16Line, "TCP", "TCPX", 1)+"\n")
	o := IngestOptions{Key: &PseudonymKey{1}, MaxBad: BadLimit{Lines: 1}}
	dir, whole := filepath.Join(t.TempDir(), "flows"), filepath.Join(t.TempDir(), "flows")
	want, err := appendTo(whole, []string{days[0], bad, days[1]}, o)
	if err != nil {
		t.Fatal(err)
	}
	var got Manifest
	for _, files := range [][]string{{days[0]}, {bad, days[1]}} {
		if got, err = appendTo(dir, files, o); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(got.Files) != fmt.Sprint(want.Files) {
		t.Errorf("data files differ from those of one run")
	}
	a, b := got.Ingest, want.Ingest
	if a.Lines != b.Lines || a.Flows != b.Flows || a.Bad != 1 || a.BadByReason[badProtocol] != 1 || len(a.BadLines) != 1 ||
		!maps.Equal(a.Protocols, b.Protocols) || fmt.Sprint(a.Sources) != fmt.Sprint(b.Sources) {
		t.Errorf("summary\n got %+v\nwant %+v", a, b)
	}
	for _, s := range got.Ingest.Sources {
		plain := newSourceDigest(nil)
		content, _ := os.ReadFile(days[0])
		plain.Write(content)
		if s.Name != "" || s.Digest == fmt.Sprintf("%x", plain.Sum(nil)) {
			t.Errorf("source %+v, want neither a name nor a digest that anyone can make", s)
		}
	}
}

func TestAppendRefuses(t *testing.T) {
	days := captures(t, 10, 2000, 2)
	dir := filepath.Join(t.TempDir(), "flows")
	mustAppend(t, dir, days[0])
	want := tree(t, dir)
	again := filepath.Join(t.TempDir(), "renamed.csv")
	content, err := os.ReadFile(days[0])
	if err != nil {
		t.Fatal(err)
	}
	write(t, again, string(content))
	tests := map[string]struct {
		files   []string
		o       IngestOptions
		message string
	}{
		"a capture that it has":     {days[:1], IngestOptions{}, "the same content as " + days[0] + ", which the folder has already"},
		"that with another name":    {[]string{days[1], again}, IngestOptions{}, again},
		"other networks":            {days[1:], IngestOptions{Internal: internal[:1]}, "internal networks [42.219.0.0/16], want those of the folder"},
		"another rule for biflows":  {days[1:], IngestOptions{Biflow: BiflowSum}, "records of both directions sum, want those of the folder, split"},
		"pseudonyms":                {days[1:], IngestOptions{Key: &PseudonymKey{1}}, "want those of the folder, none"},
		"coarse ports":              {days[1:], IngestOptions{Coarsening: Coarsening{PortsFrom: 1024}}, "want those of the folder, none"},
		"another number of buckets": {days[1:], IngestOptions{Build: BuildOptions{Buckets: 3}}, "3 buckets, want those of the folder, 16"},
		"nothing new":               {[]string{malformed + "empty.csv"}, IngestOptions{}, "no flows"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := appendTo(dir, tc.files, tc.o)
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want ErrInput with %q", err, tc.message)
			}
			if !maps.Equal(tree(t, dir), want) || len(names(t, filepath.Dir(dir))) != 1 {
				t.Errorf("the folder changed, or something is left beside it")
			}
		})
	}
	// Networks count as sets.
	if _, err := appendTo(dir, days[1:], IngestOptions{Internal: []netip.Prefix{internal[1], internal[0], internal[0]}}); err != nil {
		t.Error(err)
	}
}

func TestAppendRefusesFolders(t *testing.T) {
	day := captures(t, 11, 500, 1)
	tests := map[string]struct {
		spoil   func(t *testing.T, dir string)
		want    error
		message string
	}{
		"that was never finished": {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, successName)) }, ErrInput, "no file _SUCCESS"},
		"that holds other things": {func(t *testing.T, dir string) { os.Remove(filepath.Join(dir, manifestName)) }, ErrExists, "not a folder of flows"},
		"with a damaged file": {func(t *testing.T, dir string) {
			path := filepath.Join(dir, "bucket=000", "part-00000.parquet")
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			content[len(content)/2] ^= 1
			write(t, path, string(content))
		}, ErrInput, "bucket=000/part-00000.parquet: bad input: SHA-256"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "flows")
			if _, err := appendTo(dir, captures(t, 12, 500, 1), IngestOptions{Build: BuildOptions{Buckets: 1}}); err != nil {
				t.Fatal(err)
			}
			tc.spoil(t, dir)
			want := tree(t, dir)
			if _, err := appendTo(dir, day, IngestOptions{}); !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, tc.want, tc.message)
			}
			if !maps.Equal(tree(t, dir), want) {
				t.Error("the folder changed")
			}
		})
	}
	t.Run("that was generated", func(t *testing.T) {
		dir, _ := build(t, randomFlows(13, 100), BuildOptions{Internal: internal})
		if _, err := appendTo(dir, day, IngestOptions{}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "names no captures") {
			t.Errorf("%v, want ErrInput", err)
		}
	})
	t.Run("of another layout", func(t *testing.T) {
		dir, m := build(t, randomFlows(14, 100), BuildOptions{Internal: internal, Buckets: 1})
		if err := os.Rename(filepath.Join(dir, m.Files[0].Path), filepath.Join(dir, "data_0.parquet")); err != nil {
			t.Fatal(err)
		}
		m.Files[0].Path = "data_0.parquet"
		content, err := m.encode()
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, manifestName), string(content))
		if _, err := appendTo(dir, day, IngestOptions{}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "not the data files") {
			t.Errorf("%v, want ErrInput", err)
		}
	})
}

// Hours without traffic are captures of a header line, each like the other.
func TestAppendTakesEmptyCapturesAgain(t *testing.T) {
	day := captures(t, 15, 500, 2)
	dir, empty := filepath.Join(t.TempDir(), "flows"), malformed+"empty.csv"
	mustAppend(t, dir, day[0], empty)
	mustAppend(t, dir, empty, day[1])
	if set, err := Open(dir); err != nil || len(set.Manifest().Ingest.EmptyInputs) != 2 {
		t.Errorf("%v, want two empty inputs", err)
	}
}

// While the new folder is written, the old one is there and whole.
func TestAppendLeavesTheOldFolderReadable(t *testing.T) {
	days := captures(t, 16, 20_000, 2)
	dir := filepath.Join(t.TempDir(), "flows")
	mustAppend(t, dir, days[0])
	want := tree(t, dir)
	looked := false
	o := IngestOptions{Build: BuildOptions{Progress: func(done, total int64) {
		if done == total {
			looked = true
			readAll(t, dir)
			if !maps.Equal(tree(t, dir), want) {
				t.Error("the old folder changed before the new one was whole")
			}
		}
	}}}
	m, err := appendTo(dir, days[1:], o)
	if err != nil || !looked {
		t.Fatalf("%v, looked at the old folder: %v", err, looked)
	}
	if rows := readAll(t, dir); int64(len(rows)) != m.Rows {
		t.Errorf("%d rows, want %d", len(rows), m.Rows)
	}
}

func TestAppendBoundsLabels(t *testing.T) {
	flows := make([]Flow, maxLabels-1)
	for i := range flows {
		flows[i] = testFlow()
		flows[i].Label = fmt.Sprint("old ", i)
	}
	dir, _ := build(t, flows, BuildOptions{Internal: internal})
	b, err := NewBuilder(dir, BuildOptions{Append: true})
	if err != nil {
		t.Fatal(err)
	}
	defer b.Abort()
	for i := range 2 {
		flows[i].Label = fmt.Sprint("new ", i)
	}
	if err := b.Add(flows[:2]); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Finish(context.Background(), Meta{}); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), "label") {
		t.Errorf("Finish: %v, want ErrInput for the labels", err)
	}
}

// The n-th file operation fails, for every n: the old folder stays, and nothing else.
func TestAppendSurvivesEveryFault(t *testing.T) {
	old, flows := randomFlows(17, 1000), randomFlows(18, 1000)
	dir, _ := build(t, old, BuildOptions{Internal: internal, Buckets: 2})
	want := tree(t, dir)
	for n := 1; ; n++ {
		operations := 0
		var mu sync.Mutex
		err := addWithFaults(dir, flows, func() error {
			mu.Lock()
			defer mu.Unlock()
			if operations++; operations == n {
				return syscall.EIO
			}
			return nil
		})
		if err == nil {
			break
		}
		if !errors.Is(err, ErrIO) || !maps.Equal(tree(t, dir), want) || len(names(t, filepath.Dir(dir))) != 1 {
			t.Fatalf("operation %d: %v, or the folder changed", n, err)
		}
	}
	if got := len(readAll(t, dir)); got != len(old)+len(flows) {
		t.Errorf("%d rows, want %d", got, len(old)+len(flows))
	}
}

func addWithFaults(dir string, flows []Flow, fails func() error) error {
	b, err := NewBuilder(dir, BuildOptions{MemoryBytes: 1 << 20, Threads: 1, Append: true})
	if err != nil {
		return err
	}
	defer b.Abort()
	b.create = failingCreate(fails)
	if err := b.Add(flows); err != nil {
		return err
	}
	_, err = b.Finish(context.Background(), Meta{Tool: "test"})
	return err
}

// killedAppend names the variable that makes this test's process the one that is killed: at which file operation.
const killedAppend = "STAN_TEST_KILL_APPEND_AT"

// A process that appends is killed at its n-th file operation, for every n. The folder is the old one, and running
// again makes the new one and removes what the killed process left.
func TestAppendSurvivesKills(t *testing.T) {
	old, flows := randomFlows(19, 300), randomFlows(20, 300)
	if at, dir := os.Getenv(killedAppend), os.Getenv(killedAppend+"_DIR"); at != "" {
		n, _ := strconv.Atoi(at)
		err := addWithFaults(dir, flows, func() error {
			if n--; n == 0 {
				syscall.Kill(os.Getpid(), syscall.SIGKILL)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		return
	}
	options := BuildOptions{Internal: internal, Buckets: 1}
	fresh, _ := build(t, old, options)
	before := tree(t, fresh)
	if err := addWithFaults(fresh, flows, func() error { return nil }); err != nil {
		t.Fatal(err)
	}
	after := tree(t, fresh)
	dir, _ := build(t, old, options)
	for n := 1; ; n++ {
		child := exec.Command(os.Args[0], "-test.run=^TestAppendSurvivesKills$")
		child.Env = append(os.Environ(), killedAppend+"="+strconv.Itoa(n), killedAppend+"_DIR="+dir)
		out, err := child.CombinedOutput()
		var exit *exec.ExitError
		if err != nil && (!errors.As(err, &exit) || exit.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL) {
			t.Fatalf("operation %d: %v\n%s", n, err, out)
		}
		if err == nil {
			break
		}
		if !maps.Equal(tree(t, dir), before) {
			t.Fatalf("killed at operation %d: the folder changed", n)
		}
	}
	if !maps.Equal(tree(t, dir), after) {
		t.Error("the run after many killed ones made another folder than one on its own")
	}
	if left := names(t, filepath.Dir(dir)); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

// A folder that cannot be listed is not one that is not there: it would be replaced by the new rows alone.
func TestAppendToWhatCannotBeListed(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	write(t, path, "x")
	if base, err := openBase(path); err == nil {
		t.Errorf("%+v, want an error", base)
	}
	if base, err := openBase(path + "-none"); base != nil || err != nil {
		t.Errorf("nothing there: %+v, %v, want neither", base, err)
	}
}
