package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

func write(t testing.TB, path, content string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestClaimOutputRefusesWhatIsThere(t *testing.T) {
	tests := map[string]struct {
		setUp func(path string)
		force bool
		want  error
	}{
		"nothing":                        {func(string) {}, false, nil},
		"an empty folder":                {func(path string) { os.Mkdir(path, 0o755) }, false, nil},
		"a file":                         {func(path string) { write(t, path, "x") }, true, ErrExists},
		"a folder of flows":              {func(path string) { write(t, path+"/"+manifestName, "{}") }, false, ErrExists},
		"a folder of flows, forced":      {func(path string) { write(t, path+"/"+manifestName, "{}") }, true, nil},
		"a link to nothing":              {func(path string) { os.Symlink(path+"-gone", path) }, true, ErrExists},
		"a folder of other files":        {func(path string) { write(t, path+"/thesis.tex", "x") }, false, ErrExists},
		"a folder of other files, force": {func(path string) { write(t, path+"/thesis.tex", "x") }, true, ErrExists},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			path := filepath.Join(parent, "out")
			tc.setUp(path)
			before := names(t, parent)
			o, err := claimOutput(path, tc.force)
			if !errors.Is(err, tc.want) {
				t.Fatalf("claimOutput: %v, want %v", err, tc.want)
			}
			if err == nil {
				if err := o.release(); err != nil {
					t.Error(err)
				}
			}
			if after := names(t, parent); !slices.Equal(after, before) {
				t.Errorf("left %q, want %q", after, before)
			}
		})
	}
}

// What comes to stand at the place while a folder is made is kept, unless it may be replaced.
func TestCommitReplacesNothingNew(t *testing.T) {
	for name, tc := range map[string]struct {
		file  string
		force bool
		want  error
	}{
		"other files":                  {"thesis.tex", false, ErrExists},
		"other files, forced":          {"thesis.tex", true, ErrExists},
		"a folder of flows":            {manifestName, false, ErrExists},
		"a folder of flows, forced":    {manifestName, true, nil},
		"nothing but an empty folder":  {"", false, nil},
		"an empty folder, and --force": {"", true, nil},
	} {
		path := filepath.Join(t.TempDir(), "out")
		o, err := claimOutput(path, tc.force)
		if err != nil {
			t.Fatal(err)
		}
		write(t, filepath.Join(o.temp, "new"), "new")
		if err := os.Mkdir(path, 0o755); err != nil {
			t.Fatal(err)
		}
		want := "new"
		if tc.file != "" {
			write(t, filepath.Join(path, tc.file), "precious")
		}
		if tc.want != nil {
			want = tc.file
		}
		if err := o.commit(); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v, want %v", name, err, tc.want)
		}
		if got := names(t, path); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q stands there, want %q", name, got, want)
		}
		if left := names(t, filepath.Dir(path)); len(left) != 1 {
			t.Errorf("%s: left %q", name, left)
		}
	}
}

func TestClaimOutputMakesParents(t *testing.T) {
	o, err := claimOutput(filepath.Join(t.TempDir(), "a/b/out"), false)
	if err != nil {
		t.Fatal(err)
	}
	if err := o.commit(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(o.path); err != nil {
		t.Error(err)
	}
}

func TestClaimOutputBelowAFileOrTheRoot(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, "x")
	if _, err := claimOutput(filepath.Join(file, "out"), false); !errors.Is(err, ErrCannotWrite) {
		t.Errorf("below a file: %v, want ErrCannotWrite", err)
	}
	if _, err := claimOutput("/", true); !errors.Is(err, ErrExists) {
		t.Errorf("the root: %v, want ErrExists", err)
	}
}

func TestClaimOutputLocks(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out")
	first, err := claimOutput(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := claimOutput(path, true); !errors.Is(err, ErrLocked) {
		t.Errorf("second claim: %v, want ErrLocked", err)
	}
	if err := first.release(); err != nil {
		t.Fatal(err)
	}
	again, err := claimOutput(path, false)
	if err != nil {
		t.Fatalf("claim after release: %v", err)
	}
	again.release()
}

// A process that was killed leaves its lock file, unlocked, and its temporary folder.
func TestClaimOutputCleansUpAfterAKill(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	write(t, filepath.Join(parent, ".out.stan-lock"), "")
	write(t, filepath.Join(parent, ".out.stan-tmp/runs/run-000001"), "half a run")
	o, err := claimOutput(path, false)
	if err != nil {
		t.Fatal(err)
	}
	if left := names(t, o.temp); len(left) > 0 {
		t.Errorf("temporary folder holds %q", left)
	}
	if err := o.commit(); err != nil {
		t.Fatal(err)
	}
	if got, want := names(t, parent), []string{"out"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

// Killed between moving the old folder aside and moving the new one in, a run leaves the old folder under another name.
func TestClaimOutputPutsAnOldFolderBack(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	write(t, filepath.Join(parent, ".out.stan-old", manifestName), "{}")
	if _, err := claimOutput(path, false); !errors.Is(err, ErrExists) {
		t.Errorf("claimOutput: %v, want ErrExists", err)
	}
	if got, want := names(t, parent), []string{"out"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

func TestCommitReplacesAFolderOfFlows(t *testing.T) {
	parent := t.TempDir()
	path := filepath.Join(parent, "out")
	write(t, filepath.Join(path, manifestName), "old")
	if err := os.Symlink(path, filepath.Join(parent, "link")); err != nil {
		t.Fatal(err)
	}
	o, err := claimOutput(filepath.Join(parent, "link"), true)
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(o.temp, manifestName), "new")
	if err := o.commit(); err != nil {
		t.Fatal(err)
	}
	if got := tree(t, path)["/"+manifestName]; got != "new" {
		t.Errorf("manifest %q, want the new one", got)
	}
	if got, want := names(t, parent), []string{"link", "out"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
	if err := o.release(); err != nil {
		t.Errorf("release after commit: %v", err)
	}
}

// Only where a file system knows no exchange is the old folder moved aside first: then neither stands for a moment.
func TestCommitExchangesOrFails(t *testing.T) {
	exchange := exchangeFolders
	t.Cleanup(func() { exchangeFolders = exchange })
	tests := map[string]struct {
		exchange error
		want     error
		stands   string
	}{
		"the disk fails":                    {unix.EIO, ErrIO, "old"},
		"the disk is full":                  {unix.ENOSPC, ErrCannotWrite, "old"},
		"the file system knows no exchange": {unix.EINVAL, nil, "new"},
		"the kernel knows no exchange":      {unix.ENOSYS, nil, "new"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			exchangeFolders = func(_, _ string) error { return tc.exchange }
			parent := t.TempDir()
			path := filepath.Join(parent, "out")
			write(t, filepath.Join(path, manifestName), "old")
			o, err := claimOutput(path, true)
			if err != nil {
				t.Fatal(err)
			}
			write(t, filepath.Join(o.temp, manifestName), "new")
			if err := o.commit(); !errors.Is(err, tc.want) {
				t.Errorf("commit: %v, want %v", err, tc.want)
			}
			if got := tree(t, path)["/"+manifestName]; got != tc.stands {
				t.Errorf("manifest %q, want the %s one", got, tc.stands)
			}
			if got, want := names(t, parent), []string{"out"}; !slices.Equal(got, want) {
				t.Errorf("left %q, want %q", got, want)
			}
		})
	}
}
