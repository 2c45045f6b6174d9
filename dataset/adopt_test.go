package dataset

import (
	"context"
	"errors"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// foreignFolder makes a folder of Parquet files without a manifest, each with the given flows in their order.
func foreignFolder(t *testing.T, files map[string][]Flow) (dir string) {
	t.Helper()
	dir = t.TempDir()
	for path, flows := range files {
		var content strings.Builder
		w := newParquetWriter(&content, path, nil)
		if err := errors.Join(w.Write(flows), w.Close()); err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(dir, path), content.String())
	}
	return dir
}

// hostFlows returns flows of one host, one a second.
func hostFlows(host string, n int) []Flow {
	flows := make([]Flow, n)
	for i := range flows {
		flows[i] = testFlow()
		flows[i].Host = netip.MustParseAddr(host)
		flows[i].SrcAddr = flows[i].Host
		flows[i].Start += int64(i) * 1e6
		flows[i].End += int64(i) * 1e6
	}
	return flows
}

func TestAdoptMakesAFolderOfFlows(t *testing.T) {
	a, b, c := hostFlows("42.219.0.1", 3), hostFlows("42.219.0.9", 2), hostFlows("42.219.0.5", 4)
	dir := foreignFolder(t, map[string][]Flow{
		"bucket=001/data_0.parquet": append(b, a...), "bucket=001/data_1.parquet": c, // hosts in any order, several files
	})
	write(t, filepath.Join(dir, successName), "") // as Spark writes it
	before := tree(t, dir)
	m, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal, Tool: "test"})
	if err != nil {
		t.Fatal(err)
	}
	if m.Rows != 9 || m.Hosts != 3 || m.First.UnixMicro() != a[0].Start || m.Last.UnixMicro() != c[3].End {
		t.Errorf("manifest %+v, want 9 rows of 3 hosts", m)
	}
	if rows := readAll(t, dir); len(rows) != 9 {
		t.Errorf("%d rows read, want 9", len(rows))
	}
	after := tree(t, dir)
	delete(after, "/"+manifestName)
	if !maps.Equal(after, before) {
		t.Error("a data file changed")
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal}); !errors.Is(err, ErrExists) {
		t.Errorf("adopted twice: %v, want ErrExists", err)
	}
}

// Where _SUCCESS cannot be written the folder has no manifest either, and may be adopted later.
func TestAdoptThatFailsAtItsEnd(t *testing.T) {
	dir := foreignFolder(t, map[string][]Flow{"bucket=001/data_0.parquet": hostFlows("42.219.0.1", 3)})
	success := filepath.Join(dir, successName)
	if err := os.MkdirAll(filepath.Join(success, "in the way"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal}); err == nil {
		t.Fatal("adopted, want an error")
	}
	if err := os.RemoveAll(success); err != nil {
		t.Fatal(err)
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal}); err != nil {
		t.Errorf("again: %v, want it adopted", err)
	}
}

func TestAdoptRefuses(t *testing.T) {
	a, b := hostFlows("42.219.0.1", 3), hostFlows("42.219.0.9", 3)
	backwards := hostFlows("42.219.0.1", 2)
	backwards[0], backwards[1] = backwards[1], backwards[0]
	tests := map[string]struct {
		files   map[string][]Flow
		message string
	}{
		"a host in two files":     {map[string][]Flow{"x.parquet": a[:1], "y.parquet": a[1:]}, "host 42.219.0.1, want its rows together"},
		"a host in two places":    {map[string][]Flow{"x.parquet": {a[0], b[0], a[1]}}, "x.parquet: row 2: bad input: host 42.219.0.1 again"},
		"time that goes back":     {map[string][]Flow{"x.parquet": backwards}, "x.parquet: row 1: bad input"},
		"a host outside":          {map[string][]Flow{"x.parquet": hostFlows("10.0.0.1", 1)}, "host 10.0.0.1, want one inside"},
		"a file without rows":     {map[string][]Flow{"x.parquet": {}}, "x.parquet: bad input: no rows"},
		"a folder without a file": {nil, "no data files"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			dir := foreignFolder(t, tc.files)
			before := tree(t, dir)
			_, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal})
			if !errors.Is(err, ErrInput) || !strings.Contains(err.Error(), tc.message) {
				t.Errorf("%v, want ErrInput with %q", err, tc.message)
			}
			if !maps.Equal(tree(t, dir), before) {
				t.Error("the folder changed")
			}
		})
	}
	dir := foreignFolder(t, map[string][]Flow{"x.parquet": a})
	write(t, filepath.Join(dir, "notes.txt"), "hello")
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal}); !errors.Is(err, ErrInput) {
		t.Errorf("a file that is no Parquet: %v, want ErrInput", err)
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir + "/none", Internal: internal}); !errors.Is(err, ErrMissing) {
		t.Errorf("no folder: %v, want ErrMissing", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "x"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: filepath.Join(dir, "x"), Internal: internal}); err == nil {
		t.Error("a file was adopted, want an error")
	}
}

// What cannot be written leaves the folder as it was, and can be written later.
func TestAdoptCanBeRepeated(t *testing.T) {
	for _, name := range []string{successName, manifestName} {
		dir := foreignFolder(t, map[string][]Flow{"x.parquet": hostFlows("42.219.0.1", 3)})
		obstacle := filepath.Join(dir, name)
		o := AdoptOptions{Dir: dir, Internal: internal, Progress: func(int64, int64) {
			if err := os.Mkdir(obstacle, 0o755); err != nil {
				t.Error(err)
			}
		}}
		if _, err := Adopt(context.Background(), o); err == nil {
			t.Fatalf("a folder %s: adopted, want an error", name)
		}
		if err := os.Remove(obstacle); err != nil {
			t.Fatal(err)
		}
		if left := names(t, dir); len(left) != 1 {
			t.Errorf("a folder %s: left %q, want the data file alone", name, left)
		}
		o.Progress = nil
		if _, err := Adopt(context.Background(), o); err != nil {
			t.Errorf("without the folder %s: %v", name, err)
		}
	}
}

// A run that was killed before its last write leaves _SUCCESS at most, as Spark does.
func TestAdoptAfterAKill(t *testing.T) {
	dir := foreignFolder(t, map[string][]Flow{"x.parquet": hostFlows("42.219.0.1", 3)})
	write(t, filepath.Join(dir, successName), "")
	if _, err := Open(dir); !errors.Is(err, ErrInput) {
		t.Errorf("opened: %v, want ErrInput", err)
	}
	if _, err := Adopt(context.Background(), AdoptOptions{Dir: dir, Internal: internal}); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(dir); err != nil {
		t.Error(err)
	}
}
