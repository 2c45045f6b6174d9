package torchmodel

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// shortOptions train for a step or two.
func shortOptions() TrainOptions {
	o := tinyOptions()
	o.Epochs, o.Batch = 1, 64
	return o
}

func TestFoldersAreReplacedOnlyWhenAsked(t *testing.T) {
	flows := someFlows(t, 8, 30, 1)
	run := func(dir string, change func(*TrainOptions)) error {
		o := shortOptions()
		change(&o)
		_, err := Train(context.Background(), flows, nil, dir, o, &watcher{})
		return err
	}
	plain := func(*TrainOptions) {}
	resume := func(o *TrainOptions) { o.Resume = true }
	force := func(o *TrainOptions) { o.Force, o.Seed = true, 2 }

	t.Run("a model", func(t *testing.T) {
		dir := copyOfModel(t)
		before, err := Load(dir)
		if err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*TrainOptions){"plain": plain, "resume": resume} {
			if err := run(dir, change); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "--force") {
				t.Errorf("%s: got error %v, want %v that names --force", name, err, ErrExists)
			}
		}
		if m, err := Load(dir); err != nil || m.Digest() != before.Digest() {
			t.Errorf("after a refusal the model differs, or error %v", err)
		}
		if err := run(dir, force); err != nil {
			t.Fatal(err)
		}
		if m, err := Load(dir); err != nil || m.Digest() == before.Digest() {
			t.Errorf("with force the model is the same, or error %v", err)
		}
	})
	t.Run("a model, and data that are refused", func(t *testing.T) {
		dir := copyOfModel(t)
		o := shortOptions()
		o.Force = true
		if _, err := Train(context.Background(), someFlows(t, 1, 30, 1), nil, dir, o, &watcher{}); !errors.Is(err, ErrData) {
			t.Errorf("got error %v, want %v", err, ErrData)
		}
		if _, err := Load(dir); err != nil {
			t.Errorf("the model is gone: %v", err)
		}
	})
	t.Run("no folder, and data that are refused", func(t *testing.T) {
		dir := filepath.Join(t.TempDir(), "model")
		if _, err := Train(context.Background(), someFlows(t, 1, 30, 1), nil, dir, shortOptions(), &watcher{}); !errors.Is(err, ErrData) {
			t.Errorf("got error %v, want %v", err, ErrData)
		}
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("a folder is left, or error %v", err)
		}
	})
	t.Run("an unfinished training", func(t *testing.T) {
		dir := t.TempDir()
		trainUntil(t, flows, dir, shortOptions(), at{0, 0})
		if err := run(dir, plain); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "--resume") {
			t.Errorf("got error %v, want %v that names --resume", err, ErrExists)
		}
		if len(checkpoints(dir)) != 1 {
			t.Fatal("the checkpoint is gone")
		}
		if err := run(dir, force); err != nil {
			t.Error(err)
		}
	})
	t.Run("a folder of other things", func(t *testing.T) {
		dir := t.TempDir()
		thesis := filepath.Join(dir, "thesis.tex")
		if err := os.WriteFile(thesis, []byte("all of it"), 0o644); err != nil {
			t.Fatal(err)
		}
		for name, change := range map[string]func(*TrainOptions){"plain": plain, "resume": resume, "force": force} {
			if err := run(dir, change); !errors.Is(err, ErrExists) || !strings.Contains(err.Error(), "thesis.tex") {
				t.Errorf("%s: got error %v, want %v that names the file", name, err, ErrExists)
			}
		}
		if text, err := os.ReadFile(thesis); err != nil || string(text) != "all of it" {
			t.Error("the file was touched")
		}
		if left := hidden(t, dir); len(left) > 0 {
			t.Errorf("a folder that was refused got %q", left)
		}
	})
	t.Run("a folder that a killed run left", func(t *testing.T) {
		dir := t.TempDir()
		for _, name := range []string{".checkpoint-12345", ".old-checkpoint-00000007"} {
			if err := os.Mkdir(filepath.Join(dir, name), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		for _, name := range []string{".model.json777", ".model.safetensors777", ".metrics.jsonl777", metricsName, weightsFile} {
			if err := os.WriteFile(filepath.Join(dir, name), []byte("{"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if err := run(dir, plain); err != nil {
			t.Fatal(err)
		}
		if left := hidden(t, dir); len(left) > 0 {
			t.Errorf("%q are left", left)
		}
		metricsOf(t, dir)
	})
	t.Run("a folder in use", func(t *testing.T) {
		dir := t.TempDir()
		release, err := claimFolder(dir, false, false)
		if err != nil {
			t.Fatal(err)
		}
		if err := run(dir, force); !errors.Is(err, ErrLocked) {
			t.Errorf("got error %v, want %v", err, ErrLocked)
		}
		release()
		if err := run(dir, plain); err != nil {
			t.Error(err)
		}
	})
	t.Run("a file, a folder below a file", func(t *testing.T) {
		file := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(file, nil, 0o644); err != nil {
			t.Fatal(err)
		}
		for _, dir := range []string{file, filepath.Join(file, "model")} {
			if err := run(dir, force); !errors.Is(err, ErrCannotWrite) || !strings.Contains(err.Error(), file) {
				t.Errorf("%s: got error %v, want %v that names the file", dir, err, ErrCannotWrite)
			}
		}
	})
}

// inProcessOfItsOwn runs the test in another process, and tells whether this is it. A limit of the size of files stands for a
// full disk: the system refuses to write with another number, at any byte that the test chooses. It holds for the whole
// process, and the test runner writes files too.
func inProcessOfItsOwn(t *testing.T) bool {
	t.Helper()
	const alone = "STAN_TEST_LIMITED"
	if os.Getenv(alone) != "" {
		return true
	}
	c := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	c.Env = append(os.Environ(), alone+"=1")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return false
}

// withFilesOfAtMost calls f while no file of the process can grow beyond so many bytes.
func withFilesOfAtMost(t *testing.T, size uint64, f func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	limit := before
	limit.Cur = size
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &limit); err != nil {
		t.Fatal(err)
	}
	f()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
}

// A full disk must not cost the last checkpoint.
func TestFullDiskLeavesTheLastCheckpoint(t *testing.T) {
	if !inProcessOfItsOwn(t) {
		return
	}
	flows, dir := someFlows(t, 8, 30, 1), t.TempDir()
	o := shortOptions()
	o.Epochs = 4
	trainUntil(t, flows, dir, o, at{1, 0})
	o.Resume, o.Checkpoint = true, 1
	for _, size := range []uint64{0, 100, 50_000} {
		var err error
		withFilesOfAtMost(t, size, func() { _, err = Train(context.Background(), flows, nil, dir, o, &watcher{}) })
		if !errors.Is(err, ErrCannotWrite) {
			t.Errorf("files of at most %d bytes: got error %v, want %v", size, err, ErrCannotWrite)
		}
		if got := checkpoints(dir); len(got) != 1 || got[0] != 1 {
			t.Fatalf("files of at most %d bytes: checkpoints %v are left, want that of step 1", size, got)
		}
		if left := hidden(t, dir); len(left) > 0 {
			t.Errorf("files of at most %d bytes: %q are left", size, left)
		}
	}
	train(t, flows, dir, o)
}

func TestWriteErrorsAreClassified(t *testing.T) {
	for name, tc := range map[string]struct{ err, want error }{
		"no space":        {syscall.ENOSPC, ErrCannotWrite},
		"quota":           {&fs.PathError{Op: "write", Path: "model.json", Err: syscall.EDQUOT}, ErrCannotWrite},
		"read-only":       {syscall.EROFS, ErrCannotWrite},
		"permission":      {fs.ErrPermission, ErrCannotWrite},
		"a broken disk":   {syscall.EIO, ErrIO},
		"no error at all": {nil, nil},
	} {
		got := writeError(tc.err)
		if !errors.Is(got, tc.want) || !errors.Is(got, tc.err) {
			t.Errorf("%s: got %v, want %v because of %v", name, got, tc.want, tc.err)
		}
	}
}
