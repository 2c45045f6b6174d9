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

// claimFolder makes dir, locks it against other trainings, and checks that this training may write there. The caller
// calls release when it is done.
func claimFolder(dir string, resume, force bool) (release func(), err error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, writeError(err)
	}
	lock := flock.New(filepath.Join(dir, lockFile))
	got, err := lock.TryLock()
	if err != nil {
		return nil, writeError(err)
	}
	if !got {
		return nil, fmt.Errorf("train: %s: %w: another training writes to it", dir, ErrLocked)
	}
	release = func() { _ = lock.Unlock() }
	if err := mayWrite(dir, resume, force); err != nil {
		release()
		return nil, err
	}
	sweep(dir)
	return release, nil
}

// mayWrite refuses folders of other things, and a model or checkpoint that the caller did not say what to do with.
func mayWrite(dir string, resume, force bool) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return writeError(err)
	}
	for _, e := range entries {
		name := e.Name()
		if !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, checkpointPrefix) && name != manifestFile &&
			name != weightsFile && name != metricsName {
			return fmt.Errorf("train: %s: %w: it holds %q, which is no part of a model", dir, ErrExists, name)
		}
	}
	_, err = os.Stat(filepath.Join(dir, manifestFile))
	whole := err == nil
	switch {
	case force:
		return clearFolder(dir)
	case whole:
		return fmt.Errorf("train: %s: %w: it holds a model, want --force to replace it", dir, ErrExists)
	case len(checkpoints(dir)) > 0 && !resume:
		return fmt.Errorf("train: %s: %w: it holds an unfinished training, want --resume to go on or --force to begin anew", dir, ErrExists)
	}
	return nil
}

// clearFolder removes a model, its manifest first so that no half of it passes for one.
func clearFolder(dir string) error {
	for _, name := range []string{manifestFile, weightsFile, metricsName} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return writeError(err)
		}
	}
	for _, step := range checkpoints(dir) {
		removeFolder(checkpointPath(dir, step))
	}
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
