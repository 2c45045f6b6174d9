package safetensors

import (
	"errors"
	"fmt"
	"strings"
)

// ErrFormat is wrapped by every error about bytes that are not a valid safetensors file, and about tensors that
// cannot become one. Errors of the file system are returned as they came, with the path before them.
var ErrFormat = errors.New("invalid safetensors")

// FormatError says what breaks the format, and where. It wraps ErrFormat.
type FormatError struct {
	Path    string // "" when the bytes had no file
	Tensor  string // name of the tensor at fault, "" when the file as a whole is
	Problem string // what is wrong, the value got, the value wanted
}

func (e *FormatError) Error() string {
	var b strings.Builder
	b.WriteString("safetensors: ")
	if e.Path != "" {
		b.WriteString(e.Path + ": ")
	}
	if e.Tensor != "" {
		fmt.Fprintf(&b, "tensor %q: ", e.Tensor)
	}
	b.WriteString(e.Problem)
	return b.String()
}

func (e *FormatError) Unwrap() error { return ErrFormat }

// problem returns a FormatError about one tensor, or about the whole file when tensor is "".
func problem(tensor, format string, args ...any) error {
	return &FormatError{Tensor: tensor, Problem: fmt.Sprintf(format, args...)}
}

// atPath adds the path to an error of this package, or wraps any other error with it.
func atPath(path string, err error) error {
	var fe *FormatError
	if errors.As(err, &fe) {
		fe.Path = path
		return fe
	}
	if err != nil {
		return fmt.Errorf("safetensors: %s: %w", path, err)
	}
	return nil
}
