package boost

import "errors"

var (
	// ErrData is returned for features, rows or labels that cannot be learnt from.
	ErrData = errors.New("unusable data")

	// ErrOptions is returned for options out of their range.
	ErrOptions = errors.New("unusable options")
)
