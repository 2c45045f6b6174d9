package evaluate

import (
	"errors"
	"fmt"

	"stan/dataset"
)

var (
	// ErrEmpty is returned when a set holds no flow. It is dataset.ErrInput too.
	ErrEmpty = fmt.Errorf("no flows: %w", dataset.ErrInput)

	// ErrOrder is returned when the rows of one host do not stand together. It is dataset.ErrInput too.
	ErrOrder = fmt.Errorf("rows of a host stand apart: %w", dataset.ErrInput)

	// ErrBound is returned when a report meets a condition under which the set is refused.
	ErrBound = errors.New("refused")

	// ErrOptions is returned when an option is out of range.
	ErrOptions = errors.New("bad option")
)
