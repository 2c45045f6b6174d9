package torchmodel

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/gofrs/flock"
)

const lockFile = ".lock"

// claimFolder makes dir, locks it against other trainings, and checks that this training may write there. A folder that is
// refused is left as it was. The caller calls release when it is done.
func claimFolder(dir string, resume, force bool) (release func(), err error) {
	if err := mayWrite(dir, resume, force); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, writeError(err)
	}
	lock, err := lockFolder(dir)
	if err != nil {
		return nil, err
	}
	release = func() {
		_ = os.Remove(lock.Path()) // before it is unlocked, so that nobody locks a file that is about to go
		_ = lock.Unlock()
		_ = os.Remove(dir) // that holds nothing
	}
	if err := mayWrite(dir, resume, force); err != nil { // again: another training may have ended meanwhile
		release()
		return nil, err
	}
	sweep(dir)
	return release, nil
}

// lockFolder takes the lock of dir. A lock file that its owner removed between our opening and locking it locks nothing: then
// the next one is tried.
func lockFolder(dir string) (*flock.Flock, error) {
	lock := flock.New(filepath.Join(dir, lockFile))
	for {
		got, err := lock.TryLock()
		if err != nil {
			return nil, writeError(err)
		}
		if !got {
			return nil, fmt.Errorf("%s: %w: another training writes to it", dir, ErrLocked)
		}
		held, err := lock.Stat()
		if err != nil {
			return nil, writeError(err)
		}
		if named, err := os.Stat(lock.Path()); err == nil && os.SameFile(held, named) {
			return lock, nil
		}
		if err := lock.Unlock(); err != nil {
			return nil, writeError(err)
		}
	}
}

// mayWrite refuses folders of other things, and a model or checkpoint that the caller did not say what to do with. Whether a model
// is the one that resume would give shows only when the data are read.
func mayWrite(dir string, resume, force bool) error {
	entries, err := os.ReadDir(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return writeError(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, checkpointPrefix) && name != manifestFile &&
			name != weightsFile && name != metricsName {
			return fmt.Errorf("%s: %w: it holds %q, which is no part of a model", dir, ErrExists, name)
		}
	}
	switch {
	case force || resume:
		return nil
	case holdsModel(dir):
		return fmt.Errorf("%s: %w: it holds a model, want --force to replace it", dir, ErrExists)
	case len(checkpoints(dir)) > 0:
		return fmt.Errorf("%s: %w: it holds an unfinished training, want --resume to go on or --force to begin anew", dir, ErrExists)
	}
	return nil
}

// clearFolder removes a model and all that belongs to its training.
func clearFolder(dir string) error {
	if err := removeModel(dir); err != nil {
		return err
	}
	if err := os.Remove(filepath.Join(dir, metricsName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return writeError(err)
	}
	removeCheckpoints(dir)
	return nil
}

// writeError classifies a failure to create or write a file; the system's error names the path.
func writeError(err error) error {
	if err == nil {
		return nil
	}
	for _, refused := range []error{
		fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.ENOTDIR, fs.ErrNotExist,
		syscall.ENAMETOOLONG, syscall.ELOOP,
	} {
		if errors.Is(err, refused) {
			return fmt.Errorf("%w: %w", ErrCannotWrite, err)
		}
	}
	return fmt.Errorf("%w: %w", ErrIO, err)
}
