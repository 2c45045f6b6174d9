package torchmodel

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// beyondMemory tells whether a training said that rows lie in a scratch file.
func (w *watcher) beyondMemory() bool {
	return slices.ContainsFunc(w.notes, func(n string) bool { return strings.Contains(n, "scratch file") })
}

// Where the rows lie must not show in what is learned, nor may a training leave them behind.
func TestTrainingIsTheSameWhereverRowsLie(t *testing.T) {
	flows, o := someFlows(t, 8, 2000, 1), tinyOptions()
	o.Epochs = 1
	var want *Model
	var lines []map[string]any
	same := func(t *testing.T, m *Model, dir string) {
		t.Helper()
		if m.Digest() != want.Digest() {
			t.Errorf("model %s, want %s", m.Digest(), want.Digest())
		}
		if got := metricsOf(t, dir); !reflect.DeepEqual(got, lines) {
			t.Error("the losses are others")
		}
		if left := hidden(t, dir); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
	}
	for _, tc := range []struct {
		name   string
		memory int64
		beyond bool
	}{{"in memory", 1 << 30, false}, {"part in a file", 600_000, true}, {"in a file", 0, true}} {
		t.Run(tc.name, func(t *testing.T) {
			dir := t.TempDir()
			o.Memory = tc.memory
			w := &watcher{onStep: func(s Step) {
				if left, _ := filepath.Glob(filepath.Join(dir, scratchPattern)); s.Step == 1 && len(left) > 0 {
					t.Errorf("%q has a name while training: a kill would leave it", left)
				}
			}}
			m, err := Train(context.Background(), flows, nil, dir, o, w)
			if err != nil {
				t.Fatal(err)
			}
			if w.beyondMemory() != tc.beyond {
				t.Errorf("rows lie in a file: %v, want %v", w.beyondMemory(), tc.beyond)
			}
			if want == nil {
				want, lines = m, metricsOf(t, dir)
			}
			same(t, m, dir)
		})
	}
	t.Run("begun in a file, resumed in memory", func(t *testing.T) {
		dir := t.TempDir()
		o.Memory = 0
		trainUntil(t, flows, dir, o, at{40, 0})
		if left := hidden(t, dir); len(left) > 0 {
			t.Errorf("%q are left of a stopped training", left)
		}
		o.Memory, o.Resume = 1<<30, true
		same(t, train(t, flows, dir, o), dir)
	})
}

func TestBaselineIsTheSameWhereverRowsLie(t *testing.T) {
	flows, o := someFlows(t, 8, 2000, 1), tinyOptions()
	o.Arch = ArchIndependent
	held := train(t, flows, t.TempDir(), o)
	o.Memory = 0
	if got, want := train(t, flows, t.TempDir(), o).Digest(), held.Digest(); got != want {
		t.Errorf("model %s from a file, want %s", got, want)
	}
}

// Where the rows do not fit the disk, the training ends before its first step and leaves nothing.
func TestNoSpaceForRows(t *testing.T) {
	if !inProcessOfItsOwn(t) {
		return
	}
	flows, dir := someFlows(t, 8, 300, 1), filepath.Join(t.TempDir(), "model")
	o := shortOptions()
	o.Memory = 0
	for _, size := range []uint64{0, 100, 100_000} { // of 185,000 bytes of rows
		var err error
		withFilesOfAtMost(t, size, func() { _, err = Train(context.Background(), flows, nil, dir, o, &watcher{}) })
		if !errors.Is(err, ErrCannotWrite) || !strings.Contains(err.Error(), "scratch file in "+dir) {
			t.Errorf("files of at most %d bytes: got error %v, want %v that names the scratch file's folder", size, err, ErrCannotWrite)
		}
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("files of at most %d bytes: the model's folder is left: %v", size, err)
		}
	}
	train(t, flows, dir, o)
}

func TestSpaceIsCheckedFirst(t *testing.T) {
	dir := t.TempDir()
	for name, tc := range map[string]struct {
		room room
		rows int64
		want error
	}{
		"rows in memory":      {room{1 << 62, dir}, 1 << 45, nil},
		"few rows":            {room{0, dir}, 1, nil},
		"more than the disk":  {room{1 << 30, dir}, 1 << 45, ErrCannotWrite}, // 3 PB
		"a folder that is no": {room{0, filepath.Join(dir, "none")}, 1, ErrCannotWrite},
	} {
		if err := tc.room.checkSpace(tc.rows, 1); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
}

// A disk that breaks under a training is an error of input and output, not of the model.
func TestScratchErrorsAreClassified(t *testing.T) {
	c := &corpus{room: room{dir: "model"}}
	for _, tc := range []struct{ err, want error }{{syscall.EIO, ErrIO}, {syscall.ENOSPC, ErrCannotWrite}, {ErrData, ErrData}, {nil, nil}} {
		if got := c.fileError(tc.err); !errors.Is(got, tc.want) || !errors.Is(got, tc.err) {
			t.Errorf("%v: got %v, want %v", tc.err, got, tc.want)
		}
	}
}

// Of more days than fit, an even draw stays; of fewer all, in their order.
func TestReservoirOfDays(t *testing.T) {
	fill := func(days, most int) (got []int64) {
		s := reservoir{most: most, r: rand.New(rand.NewPCG(1, 2))}
		for d := range days {
			s.add(&plan{Day: int64(d)})
		}
		for i := range s.days {
			got = append(got, s.days[i].Day)
		}
		return got
	}
	if got := fill(5, 5); !slices.Equal(got, []int64{0, 1, 2, 3, 4}) {
		t.Errorf("5 days of 5: %v", got)
	}
	got := fill(100_000, 1000)
	var sum int64
	for _, d := range got {
		sum += d
	}
	slices.Sort(got)
	// The mean of 1,000 of 100,000 has a standard deviation of 100,000/sqrt(12,000) = 913.
	if mean := sum / 1000; len(slices.Compact(got)) != 1000 || mean < 45_400 || mean > 54_600 {
		t.Errorf("%d different days with a mean of %d, want 1000 around 50000", len(got), mean)
	}
}
