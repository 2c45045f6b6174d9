package dataset

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// tempFile is a file that is written, and read again while it is being written.
type tempFile interface {
	io.Writer
	io.ReaderAt
	io.Closer
	Sync() error
	Name() string
}

// createFile makes a new file and its folder. Tests replace it to let the n-th write fail.
func createFile(path string) (tempFile, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	return os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
}

// outputDir is a folder in the making: it is built in a hidden folder beside its place and renamed in one step, so what
// stands at path is whole at every moment. A lock file beside it keeps other processes out; the kernel frees the lock
// of a process that was killed, and the next claim removes what that one left.
type outputDir struct {
	path  string // where the folder will stand
	force bool   // a folder of flows that stands there may be replaced
	temp  string // where it is built
	old   string // where the folder it replaces waits, on file systems that cannot exchange two folders
	lock  *flock.Flock
}

// claimOutput takes the lock of path and prepares its temporary folder. It fails with ErrExists if something stands at
// path, unless that is an empty folder, or a folder of flows and force is set.
func claimOutput(path string, force bool) (*outputDir, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, writeError(err)
	}
	if target, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = target
	}
	parent, base := filepath.Dir(absolute), filepath.Base(absolute)
	if parent == absolute {
		return nil, fmt.Errorf("dataset: %s: %w: the root folder, want a new one", path, ErrExists)
	}
	if err := os.MkdirAll(parent, 0o755); err != nil {
		return nil, writeError(err)
	}
	hidden := filepath.Join(parent, "."+base)
	o := &outputDir{path: absolute, force: force, temp: hidden + ".stan-tmp", old: hidden + ".stan-old", lock: flock.New(hidden + ".stan-lock")}
	if err := lockFile(o.lock, o.path); err != nil {
		return nil, err
	}
	if err := o.prepare(); err != nil {
		o.release()
		return nil, err
	}
	return o, nil
}

func (o *outputDir) prepare() error {
	if err := o.recover(); err != nil {
		return writeError(err)
	}
	if err := replaceable(o.path, o.force); err != nil {
		return err
	}
	return writeError(os.Mkdir(o.temp, 0o755))
}

// recover removes what a killed process left, and puts a folder back that it had moved aside without replacing it.
func (o *outputDir) recover() error {
	if err := os.RemoveAll(o.temp); err != nil {
		return err
	}
	if _, err := os.Lstat(o.path); errors.Is(err, fs.ErrNotExist) {
		if err := os.Rename(o.old, o.path); !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return os.RemoveAll(o.old)
}

// replaceable returns nil if path is free, empty, or a folder of flows that force allows to replace.
func replaceable(path string, force bool) error {
	entries, err := os.ReadDir(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if _, err := os.Lstat(path); err == nil {
			return fmt.Errorf("dataset: %s: %w: a link to nothing, want a new folder", path, ErrExists)
		}
		return nil
	case err == nil && len(entries) == 0:
		return nil
	case errors.Is(err, syscall.ENOTDIR):
		return fmt.Errorf("dataset: %s: %w: a file, want a new folder", path, ErrExists)
	case err != nil:
		return writeError(err)
	case !force:
		return fmt.Errorf("dataset: %s: %w: want a new folder, or --force to replace it", path, ErrExists)
	}
	for _, entry := range entries {
		if entry.Name() == manifestName {
			return nil
		}
	}
	return fmt.Errorf("dataset: %s: %w: not a folder of flows, so even --force leaves it alone", path, ErrExists)
}

// commit makes the folder visible at its place, durable on disk. If that cannot be made sure, what stood there stands there
// again: a run that failed can be run again.
func (o *outputDir) commit() error {
	defer o.release()
	if err := syncTree(o.temp); err != nil {
		return writeError(err)
	}
	if err := replaceable(o.path, o.force); err != nil { // it may have come to stand there since the claim
		return err
	}
	undo, err := o.exchange()
	if err != nil {
		return writeError(err)
	}
	if err := syncDir(filepath.Dir(o.path)); err != nil {
		return writeError(errors.Join(err, undo()))
	}
	return nil
}

// exchange renames the temporary folder to its place; what it replaces is left for release to remove, unless undo is called.
func (o *outputDir) exchange() (undo func() error, err error) {
	withdraw := func() error { return os.Rename(o.path, o.temp) } // release puts an old folder back
	err = os.Rename(o.temp, o.path)                               // replaces nothing or an empty folder
	if !errors.Is(err, syscall.ENOTEMPTY) && !errors.Is(err, syscall.EEXIST) {
		return withdraw, err
	}
	trade := func() error { return exchangeFolders(o.temp, o.path) }
	if err := trade(); !cannotExchange(err) {
		return trade, err
	}
	if err := os.Rename(o.path, o.old); err != nil {
		return nil, err
	}
	return withdraw, os.Rename(o.temp, o.path)
}

// exchangeFolders lets two folders change places in one step. Tests replace it by a file system that cannot, or fails.
var exchangeFolders = func(a, b string) error {
	return unix.Renameat2(unix.AT_FDCWD, a, unix.AT_FDCWD, b, unix.RENAME_EXCHANGE)
}

// cannotExchange tells a file system, NFS for one, or a kernel that knows no exchange from one that failed at it.
func cannotExchange(err error) bool {
	return errors.Is(err, unix.EINVAL) || errors.Is(err, unix.ENOSYS) || errors.Is(err, unix.EOPNOTSUPP)
}

// release removes everything temporary and gives the lock back. It may be called after commit.
func (o *outputDir) release() error {
	if !o.lock.Locked() {
		return nil
	}
	err := errors.Join(o.recover(), os.Remove(o.lock.Path()), o.lock.Unlock())
	return writeError(err)
}

// syncTree flushes every folder of a tree to disk; its files were flushed when they were closed.
func syncTree(root string) error {
	return filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.IsDir() {
			return err
		}
		return syncDir(path)
	})
}

func syncDir(path string) error {
	dir, err := os.Open(path)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
