package dataset

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"testing"
)

func TestWriteFileReplacesWhatALinkLeadsTo(t *testing.T) {
	dir := t.TempDir()
	path, link := filepath.Join(dir, "report"), filepath.Join(dir, "link")
	write(t, path, "old")
	if err := os.Symlink(path, link); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(link, []byte("new")); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(path); err != nil || string(content) != "new" {
		t.Errorf("%q, %v, want the new content", content, err)
	}
	if got, want := names(t, dir), []string{"link", "report"}; !slices.Equal(got, want) {
		t.Errorf("left %q, want %q", got, want)
	}
}

// What a killed writer left, longer than what comes, is taken over; what stood there before stands until then.
func TestPendingFileAfterAKill(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report")
	write(t, path, "old")
	write(t, filepath.Join(dir, ".report.stan-tmp"), "half of a long report")
	p, err := createPending(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.abort()
	if _, err := createPending(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a second writer: %v, want ErrLocked", err)
	}
	if _, err := p.Write([]byte("new")); err != nil {
		t.Fatal(err)
	}
	if content, _ := os.ReadFile(path); string(content) != "old" {
		t.Errorf("before commit %q stands there", content)
	}
	if err := p.commit(); err != nil {
		t.Fatal(err)
	}
	p.abort()
	if content, _ := os.ReadFile(path); string(content) != "new" {
		t.Errorf("after commit %q stands there", content)
	}
	if left := names(t, dir); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}

func TestPendingFileThatIsAborted(t *testing.T) {
	dir := t.TempDir()
	p, err := createPending(filepath.Join(dir, "report"))
	if err != nil {
		t.Fatal(err)
	}
	p.abort()
	if left := names(t, dir); len(left) > 0 {
		t.Errorf("left %q", left)
	}
	if _, err := createPending(filepath.Join(dir, "none", "report")); !errors.Is(err, ErrCannotWrite) {
		t.Errorf("in no folder: %v, want ErrCannotWrite", err)
	}
}

// A file that came to stand there meanwhile is kept where it may not be replaced.
func TestPendingFileKeepsWhatIsNew(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report")
	p, err := createPending(path)
	if err != nil {
		t.Fatal(err)
	}
	defer p.abort()
	p.keep = true
	write(t, path, "precious")
	if err := p.commit(); !errors.Is(err, ErrExists) {
		t.Errorf("commit: %v, want ErrExists", err)
	}
	p.abort()
	if content, err := os.ReadFile(path); err != nil || string(content) != "precious" {
		t.Errorf("%q, %v, want what came to stand there", content, err)
	}
	if left := names(t, filepath.Dir(path)); len(left) != 1 {
		t.Errorf("left %q", left)
	}
}
