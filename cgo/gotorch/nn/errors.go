package nn

import (
	"errors"
	"fmt"

	torch "github.com/wangkuiyi/gotorch"
)

var (
	// ErrModule is wrapped by the *gotorch.Error that a module panics with when it is put together wrongly: not
	// initialised, a field that is not exported, arguments that make no layer.
	ErrModule = errors.New("nn: module is put together wrongly")

	// ErrState is wrapped by the error of SetStateDict for a missing or unknown name and for a shape that differs.
	ErrState = errors.New("nn: state does not fit the module")
)

// fail panics with an *gotorch.Error.
func fail(op, format string, args ...any) { panic(wrong(op, format, args...)) }

func wrong(op, format string, args ...any) error {
	return &torch.Error{Op: op, Msg: fmt.Sprintf(format, args...), Err: ErrModule}
}
