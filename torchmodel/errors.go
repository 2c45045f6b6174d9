package torchmodel

import (
	"errors"

	"stan/torchmodel/paper"
)

// Errors that callers tell apart; all others are failures of the program or the machine.
var (
	// ErrModel is returned for a model folder that is refused: incomplete, altered, of another version, or not a number.
	ErrModel = errors.New("model refused")
	// ErrStopped is returned when training was told to stop and has written its checkpoint.
	ErrStopped = errors.New("stopped, checkpoint written")
	// ErrDiverged is returned when a loss is not a finite number.
	ErrDiverged = paper.ErrDiverged
	// ErrData is returned for training data that no model can be learned from.
	ErrData = errors.New("data refused")
	// ErrExists is returned for an output folder that holds something which the caller did not ask to replace.
	ErrExists = errors.New("output exists")
	// ErrLocked is returned for an output folder that another training writes to.
	ErrLocked = errors.New("output is in use")
	// ErrCannotWrite is returned where the system refuses to write: no space, no permission, no such folder.
	ErrCannotWrite = errors.New("cannot write")
	// ErrIO is returned when writing fails for any other reason.
	ErrIO = errors.New("input/output error")
	// ErrMissing is returned for a model folder that is not there or cannot be opened for reading.
	ErrMissing = errors.New("model missing")
	// ErrConfig is returned for a configuration outside its range.
	ErrConfig = errors.New("configuration refused")
)
