package dataset

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestSetDescribesItself(t *testing.T) {
	flows := randomFlows(10, 1000)
	dir, m := build(t, flows, BuildOptions{Internal: internal})
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	first, last := flows[0].Start, flows[0].End
	for _, f := range flows {
		first, last = min(first, f.Start), max(last, f.End)
	}
	gotFirst, gotLast := s.Span()
	if s.Flows() != 1000 || s.Hosts() != int(m.Hosts) || gotFirst != first || gotLast != last {
		t.Errorf("%d flows of %d hosts from %d to %d, want 1000 of %d from %d to %d",
			s.Flows(), s.Hosts(), gotFirst, gotLast, m.Hosts, first, last)
	}
	if !slices.Equal(s.Internal(), internal) || s.Manifest().Tool != "test" {
		t.Errorf("internal %v, tool %q", s.Internal(), s.Manifest().Tool)
	}
}

// What "latest" points to is a folder like any other.
func TestSetBehindALink(t *testing.T) {
	dir, m := build(t, randomFlows(10, 1000), BuildOptions{})
	link := filepath.Join(t.TempDir(), "latest")
	if err := os.Symlink(dir, link); err != nil {
		t.Fatal(err)
	}
	if s, err := Open(link); err != nil || s.Flows() != m.Rows {
		t.Errorf("a link to the folder: %v, want its %d flows", err, m.Rows)
	}
}

func TestBatchesAreFullAndStopWhenAsked(t *testing.T) {
	dir, _ := build(t, randomFlows(11, 150_000), BuildOptions{})
	s, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	var sizes []int
	for flows, err := range s.Batches(context.Background()) {
		if err != nil {
			t.Fatal(err)
		}
		sizes = append(sizes, len(flows))
	}
	if want := []int{batchRows, batchRows, 150_000 - 2*batchRows}; !slices.Equal(sizes, want) {
		t.Errorf("batches of %v, want %v", sizes, want)
	}
	for range s.Batches(context.Background()) {
		break
	}
	why := errors.New("a reason")
	ctx, cancel := context.WithCancelCause(context.Background())
	defer cancel(nil)
	var got error
	for _, err := range s.Batches(ctx) {
		cancel(why)
		got = err
	}
	if !errors.Is(got, why) {
		t.Errorf("after cancelling: %v, want the cause", got)
	}
}

// firstError returns the first error of opening and reading a folder.
func firstError(dir string) error {
	s, err := Open(dir)
	if err != nil {
		return err
	}
	for _, err := range s.Batches(context.Background()) {
		if err != nil {
			return err
		}
	}
	return nil
}

// edit changes the manifest of a folder.
func edit(t *testing.T, dir string, change func(m *Manifest)) {
	t.Helper()
	m, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	change(&m)
	content, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, manifestName), string(content))
}

// resign brings size and digest in the manifest up to date with the first data file.
func resign(t *testing.T, dir string) {
	t.Helper()
	edit(t, dir, func(m *Manifest) {
		content, err := os.ReadFile(filepath.Join(dir, m.Files[0].Path))
		if err != nil {
			t.Fatal(err)
		}
		digest := sha256.Sum256(content)
		m.Files[0].Bytes, m.Files[0].SHA256 = int64(len(content)), hex.EncodeToString(digest[:])
	})
}

// dataFile returns the path of the first data file.
func dataFile(t *testing.T, dir string) string {
	t.Helper()
	m, err := readManifest(dir)
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, m.Files[0].Path)
}

func TestOpenAndBatchesRefuseFolders(t *testing.T) {
	tests := map[string]struct {
		spoil   func(dir string)
		want    error
		message string
	}{
		"not there":         {func(dir string) { os.RemoveAll(dir) }, ErrMissing, "no such file"},
		"never finished":    {func(dir string) { os.Remove(dir + "/_SUCCESS") }, ErrInput, "no file _SUCCESS"},
		"no manifest":       {func(dir string) { os.Remove(dir + "/_manifest.json") }, ErrInput, "no file _manifest.json"},
		"manifest is text":  {func(dir string) { write(t, dir+"/_manifest.json", "hello") }, ErrInput, "_manifest.json"},
		"another version":   {func(dir string) { edit(t, dir, func(m *Manifest) { m.SchemaVersion = 2 }) }, ErrInput, "schema version 2, want 1"},
		"another format":    {func(dir string) { edit(t, dir, func(m *Manifest) { m.Format = "xml" }) }, ErrInput, `format "xml"`},
		"CSV":               {func(dir string) { edit(t, dir, func(m *Manifest) { m.Format = FormatUGR16 }) }, ErrInput, "stan ingest reads"},
		"times reversed":    {func(dir string) { edit(t, dir, func(m *Manifest) { m.Last = time.Unix(0, 0) }) }, ErrInput, "before"},
		"rows do not add":   {func(dir string) { edit(t, dir, func(m *Manifest) { m.Rows++ }) }, ErrInput, "add up to"},
		"no rows":           {func(dir string) { edit(t, dir, func(m *Manifest) { m.Rows, m.Hosts, m.Files = 0, 0, nil }) }, ErrInput, "no rows"},
		"path upwards":      {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].Path = "../x" }) }, ErrInput, `"../x"`},
		"absolute path":     {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].Path = "/etc/passwd" }) }, ErrInput, `"/etc/passwd"`},
		"file twice":        {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files = append(m.Files, m.Files[0]) }) }, ErrInput, "stands twice"},
		"file without rows": {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].Rows = 0 }) }, ErrInput, "at least 1"},
		"absurd row count":  {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].Rows = 1 << 62 }) }, ErrInput, "at most"},
		"short digest":      {func(dir string) { edit(t, dir, func(m *Manifest) { m.Files[0].SHA256 = "ab" }) }, ErrInput, "64 hexadecimal"},
		"file missing":      {func(dir string) { os.Remove(dataFile(t, dir)) }, ErrInput, "missing, but named"},
		"file too many":     {func(dir string) { write(t, dir+"/bucket=000/more.parquet", "x") }, ErrInput, "more.parquet: bad input: not named"},
		"file truncated":    {func(dir string) { os.Truncate(dataFile(t, dir), 100) }, ErrInput, "100 bytes"},
		"a byte changed": {func(dir string) {
			content, _ := os.ReadFile(dataFile(t, dir))
			content[len(content)/2] ^= 1
			write(t, dataFile(t, dir), string(content))
		}, ErrInput, "SHA-256"},
		"not Parquet": {func(dir string) { write(t, dataFile(t, dir), "PAR1 no"); resign(t, dir) }, ErrInput, "part-00000.parquet"},
		"hosts differ": {func(dir string) {
			edit(t, dir, func(m *Manifest) { m.Files[0].Hosts, m.Hosts = m.Files[0].Hosts+1, m.Hosts+1 })
		}, ErrInput, "says 60 of"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir, _ := build(t, oneFileFlows(60), BuildOptions{Buckets: 1})
			tc.spoil(dir)
			err := firstError(dir)
			if !errors.Is(err, tc.want) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want %v with %q", err, tc.want, tc.message)
			}
		})
	}
}

// oneFileFlows returns n flows of three hosts, in the order of a folder.
func oneFileFlows(n int) []Flow {
	flows := make([]Flow, n)
	for i := range flows {
		f := testFlow()
		f.Host = netip.AddrFrom4([4]byte{42, 219, 0, byte(1 + 3*i/n)})
		f.SrcAddr = f.Host
		f.Start += int64(i) * 1000
		f.End += int64(i) * 1000
		flows[i] = f
	}
	return flows
}

// writeData replaces the one data file of a folder by these flows, whatever their order.
func writeData(t *testing.T, dir string, flows []Flow) {
	t.Helper()
	var data bytes.Buffer
	w := newParquetWriter(&data, "test", nil)
	if err := w.Write(flows); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	write(t, dataFile(t, dir), data.String())
	resign(t, dir)
}

func TestBatchesRefuseOrder(t *testing.T) {
	tests := map[string]struct {
		change  func(flows []Flow)
		message string
	}{
		"time goes back":           {func(flows []Flow) { flows[5].Start, flows[5].End = 0, 1 }, "part-00000.parquet: row 5: bad input: host 42.219.0.1: end 1"},
		"host in pieces":           {func(flows []Flow) { flows[0], flows[30] = flows[30], flows[0] }, "row 20: bad input: host 42.219.0.2 again"},
		"end before start":         {func(flows []Flow) { flows[7].Start = flows[7].End + 1 }, "row 7: end"},
		"host elsewhere":           {func(flows []Flow) { flows[9].Host = netip.MustParseAddr("1.1.1.1") }, "row 9: host 1.1.1.1, want"},
		"packets beyond the limit": {func(flows []Flow) { flows[3].Packets = maxCount + 1 }, `column "packets": row 3`},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			flows := oneFileFlows(60)
			dir, _ := build(t, flows, BuildOptions{Buckets: 1})
			tc.change(flows)
			writeData(t, dir, flows)
			if err := firstError(dir); !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want ErrInput with %q", err, tc.message)
			}
		})
	}
}

// A row group is full here: the reader must go on in the next one.
func TestSetOfManyRowGroups(t *testing.T) {
	flows := oneFileFlows(2*rowGroupRows + 17)
	dir, _ := build(t, flows, BuildOptions{Buckets: 1})
	if got := readAll(t, dir); !slices.Equal(got, flows) {
		t.Error("rows read differ from rows added")
	}
}

func TestSetMayMove(t *testing.T) {
	flows := oneFileFlows(60)
	dir, _ := build(t, flows, BuildOptions{})
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(dir, moved); err != nil {
		t.Fatal(err)
	}
	if got := readAll(t, moved); len(got) != len(flows) {
		t.Errorf("%d rows after moving, want %d", len(got), len(flows))
	}
}

// A damaged file is found by its digest; here the damage comes first, so that the Parquet library meets it.
func TestDamagedParquetNeverPanics(t *testing.T) {
	dir, _ := build(t, randomFlows(12, 3000), BuildOptions{Buckets: 1})
	path := dataFile(t, dir)
	intact, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	r := rand.New(rand.NewPCG(12, 0))
	footer := len(intact) - 2200
	refused, unharmed := 0, 0
	for i := range 400 {
		damaged := slices.Clone(intact)
		switch i % 4 {
		case 0:
			damaged = damaged[:r.IntN(len(damaged))]
		case 1:
			damaged[r.IntN(len(damaged))] ^= 1 << r.IntN(8)
		case 2:
			for range 1 + r.IntN(3) {
				damaged[footer+r.IntN(len(damaged)-footer)] = byte(r.IntN(256))
			}
		case 3:
			clear(damaged[r.IntN(len(damaged)-512):][:512])
		}
		rows := 0
		err := newParquetReader().read(bytes.NewReader(damaged), int64(len(damaged)), func(flows []Flow) error {
			rows += len(flows)
			return nil
		})
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Fatalf("damage %d: %v, want ErrInput", i, err)
			}
			refused++
			continue
		}
		unharmed++
	}
	t.Logf("%d damaged files refused, %d read whole", refused, unharmed)
	if refused < 300 {
		t.Errorf("only %d of 400 damaged files refused", refused)
	}
}

func FuzzManifest(f *testing.F) {
	dir, m := build(f, oneFileFlows(10), BuildOptions{Internal: internal})
	content, err := os.ReadFile(filepath.Join(dir, manifestName))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(content)
	f.Add([]byte("{}"))
	f.Add([]byte(fmt.Sprintf(`{"schema_version":1,"format":"parquet","files":[{"path":%q,"rows":-1}]}`, m.Files[0].Path)))
	f.Fuzz(func(t *testing.T, content []byte) {
		dir := t.TempDir()
		write(t, filepath.Join(dir, manifestName), string(content))
		first, err := readManifest(dir)
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Fatalf("%v, want ErrInput", err)
			}
			return
		}
		again, err := first.encode()
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, manifestName), string(again))
		if _, err := readManifest(dir); err != nil {
			t.Fatalf("a manifest that was read cannot be read once written: %v", err)
		}
	})
}

// What can be read at all can be written, and reads the same again.
func FuzzParquet(f *testing.F) {
	var data bytes.Buffer
	w := newParquetWriter(&data, "test", map[string]string{"seed": "1"})
	if err := w.Write(oneFileFlows(20)); err != nil {
		f.Fatal(err)
	}
	if err := w.Close(); err != nil {
		f.Fatal(err)
	}
	f.Add(data.Bytes())
	f.Add(data.Bytes()[:data.Len()/2])
	f.Add([]byte("PAR1PAR1"))
	f.Fuzz(func(t *testing.T, content []byte) {
		read := func(content []byte) ([]Flow, error) {
			var all []Flow
			err := newParquetReader().read(bytes.NewReader(content), int64(len(content)), func(flows []Flow) error {
				all = append(all, flows...)
				return nil
			})
			return all, err
		}
		first, err := read(content)
		if err != nil {
			if !errors.Is(err, ErrInput) {
				t.Fatalf("%v, want ErrInput", err)
			}
			return
		}
		var data bytes.Buffer
		w := newParquetWriter(&data, "test", nil)
		if err := errors.Join(w.Write(first), w.Close()); err != nil {
			t.Fatal(err)
		}
		second, err := read(data.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(first, second) {
			t.Fatal("flows differ after writing and reading")
		}
	})
}

func BenchmarkBatches(b *testing.B) {
	dir, m := build(b, randomFlows(13, 200_000), BuildOptions{})
	s, err := Open(dir)
	if err != nil {
		b.Fatal(err)
	}
	rows := int64(0)
	for b.Loop() {
		for _, err := range s.Batches(context.Background()) {
			if err != nil {
				b.Fatal(err)
			}
		}
		rows += m.Rows
	}
	b.ReportMetric(float64(rows)/b.Elapsed().Seconds(), "rows/s")
}
