package functional

import (
	"fmt"

	torch "github.com/wangkuiyi/gotorch"
)

// fail panics for an argument that libtorch never sees.
func fail(op string, sentinel error, format string, args ...any) {
	panic(&torch.Error{Op: op, Msg: fmt.Sprintf(format, args...), Err: sentinel})
}
