package dataset

import (
	"errors"
	"fmt"
	"io/fs"
	"syscall"
)

// Every error of this package wraps at most one of these, so that a caller can tell what kind of help the user needs.
var (
	// ErrInput is returned when what was read is not what it should be: a malformed capture, a Parquet file whose rows,
	// digest or order differ from its manifest, a folder that was never finished. Trying again does not help.
	ErrInput = errors.New("bad input")

	// ErrMissing is returned when an input does not exist or cannot be opened for reading.
	ErrMissing = errors.New("input missing")

	// ErrExists is returned when the output is there already and BuildOptions.Force is not set, or is something that
	// no force should replace.
	ErrExists = errors.New("output exists")

	// ErrLocked is returned when another process is writing the same output.
	ErrLocked = errors.New("output in use")

	// ErrCannotWrite is returned when the output cannot be created or grow: no permission, a read-only file system, no
	// space for the temporary files or the result.
	ErrCannotWrite = errors.New("cannot write")

	// ErrIO is returned when reading or writing fails after it began, for a reason other than a full disk.
	ErrIO = errors.New("input/output error")
)

// writeError classifies a failure to create, write or rename a file; the system's error names the path.
func writeError(err error) error {
	if err == nil {
		return nil
	}
	for _, refused := range []error{
		fs.ErrPermission, syscall.EROFS, syscall.ENOSPC, syscall.EDQUOT, syscall.EFBIG, syscall.ENOTDIR, fs.ErrNotExist,
		fs.ErrExist, syscall.ENAMETOOLONG, syscall.ELOOP,
	} {
		if errors.Is(err, refused) {
			return fmt.Errorf("dataset: %w: %w", ErrCannotWrite, err)
		}
	}
	return fmt.Errorf("dataset: %w: %w", ErrIO, err)
}

// readError classifies a failure to open or read an input; the system's error names the path.
func readError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("dataset: %w: %w", ErrMissing, err)
	}
	return fmt.Errorf("dataset: %w: %w", ErrIO, err)
}
