package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"golang.org/x/sys/unix"
)

// pendingFile is a file in the making. It has a hidden name beside its place until commit, so what stands at its place is
// whole at every moment. It is locked against other processes; one that was killed leaves it unlocked, and the next to
// write there takes it over.
type pendingFile struct {
	path  string // where the file will stand
	temp  string // where it is written
	fresh bool   // nothing stood at path
	keep  bool   // what comes to stand at path is not replaced
	file  *os.File
	lock  *flock.Flock // of temp
}

// createPending begins to write the file at path. The caller calls abort when it is done.
func createPending(path string) (*pendingFile, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, writeError(err)
	}
	if target, err := filepath.EvalSymlinks(absolute); err == nil {
		absolute = target
	}
	temp := filepath.Join(filepath.Dir(absolute), "."+filepath.Base(absolute)+".stan-tmp")
	p := &pendingFile{path: absolute, temp: temp, lock: flock.New(temp, flock.SetPermissions(0o644))}
	if err := lockFile(p.lock, absolute); err != nil {
		return nil, err
	}
	if _, err := os.Lstat(absolute); errors.Is(err, fs.ErrNotExist) {
		p.fresh = true
	}
	if p.file, err = os.OpenFile(temp, os.O_WRONLY|os.O_TRUNC, 0); err != nil {
		p.abort()
		return nil, writeError(err)
	}
	return p, nil
}

// WriteFile writes a file whole or not at all, in place of one that is there.
func WriteFile(path string, content []byte) error {
	p, err := createPending(path)
	if err != nil {
		return err
	}
	defer p.abort()
	if _, err := p.Write(content); err != nil {
		return writeError(err)
	}
	return p.commit()
}

// Write appends to the file.
func (p *pendingFile) Write(b []byte) (int, error) { return p.file.Write(b) }

// commit makes the file visible at its place, durable on disk, in place of one that is there. If that cannot be made sure
// where nothing was, nothing is there again: a run that failed can be run again.
func (p *pendingFile) commit() error {
	if err := errors.Join(p.file.Sync(), p.file.Close()); err != nil {
		return writeError(err)
	}
	rename := os.Rename
	if p.keep {
		rename = renameToNew
	}
	if err := rename(p.temp, p.path); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("dataset: %s: %w: it appeared meanwhile; want a new file, or --force to replace it", p.path, ErrExists)
	} else if err != nil {
		return writeError(err)
	}
	err := errors.Join(p.lock.Unlock(), syncDir(filepath.Dir(p.path)))
	if err != nil && p.fresh {
		os.Remove(p.path)
	}
	return writeError(err)
}

// renameToNew renames a file, but not over another.
func renameToNew(from, to string) error {
	err := unix.Renameat2(unix.AT_FDCWD, from, unix.AT_FDCWD, to, unix.RENAME_NOREPLACE)
	if !cannotExchange(err) { // nor this
		return err
	}
	if _, err := os.Lstat(to); err == nil {
		return fs.ErrExist
	}
	return os.Rename(from, to)
}

// abort removes the file, unless it was committed. It may be called more than once.
func (p *pendingFile) abort() {
	if p.file != nil {
		p.file.Close()
	}
	if p.lock.Locked() {
		os.Remove(p.temp)
		p.lock.Unlock()
	}
}

// lockFile takes the lock for writing the output at path. A lock file that its owner removed or renamed between our opening
// and locking it locks nothing: then the next one is tried.
func lockFile(lock *flock.Flock, path string) error {
	for {
		locked, err := lock.TryLock()
		if err != nil {
			return writeError(err)
		}
		if !locked {
			return fmt.Errorf("dataset: %s: %w: another process is writing it", path, ErrLocked)
		}
		held, err := lock.Stat()
		if err != nil {
			return writeError(err)
		}
		if named, err := os.Stat(lock.Path()); err == nil && os.SameFile(held, named) {
			return nil
		}
		if err := lock.Unlock(); err != nil {
			return writeError(err)
		}
	}
}
