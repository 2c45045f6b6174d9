package gotorch

import (
	"time"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// Scope owns tensors and frees them together. Its methods may be called from several goroutines.
type Scope struct {
	pool libtorch.Pool
}

// NewScope makes a scope without tensors.
func NewScope() *Scope { return &Scope{} }

// Close frees the tensors of s; their use afterwards panics with ErrFreed. Closing twice does nothing. A result that
// would join a closed scope belongs to the program instead.
func (s *Scope) Close() { s.pool.Close() }

// Reset frees the tensors of s, as Close does, but leaves s open: for one scope that serves many steps.
func (s *Scope) Reset() { s.pool.Reset() }

// Adopt makes s the owner of t, whoever owned it, and returns t.
func (s *Scope) Adopt(t Tensor) Tensor {
	s.pool.Adopt(t.T)
	return t
}

// Pool is s as the bridge knows it, for packages that add operations to this one.
func (s *Scope) Pool() *libtorch.Pool { return &s.pool }

// Len is the number of tensors that s owns.
func (s *Scope) Len() int { return s.pool.Len() }

// With calls f with a new scope and closes it, also when f panics.
func With(f func(*Scope)) {
	s := NewScope()
	defer s.Close()
	f(s)
}

// Keep takes a from its scope: it outlives the scope, and the program frees it. It returns a.
func (a Tensor) Keep() Tensor {
	a.T.Release()
	return a
}

// Join gives a to b's scope, if b has one, and returns a. It is for views of tensors without a scope, as parameters are,
// that only a step needs.
func (a Tensor) Join(b Tensor) Tensor {
	if p := b.T.Pool(); p != nil {
		p.Adopt(a.T)
	}
	return a
}

// LiveHandles is the number of tensors, scoped or not, that are not freed.
func LiveHandles() int64 { return libtorch.Live() }

// Forgotten is the number of tensors without a scope that the program dropped without Free and the collector freed.
func Forgotten() int64 { return libtorch.Forgotten() }

// The old gotorch waited in GC for as long as it took. Here tensors are freed without it, so these only help.
const (
	gcPatience     = 20 * time.Millisecond
	finishPatience = time.Second
)

// GC frees dropped tensors without a scope. Programs that use scopes have no need of it.
func GC() { libtorch.Sweep(gcPatience) }

// FinishGC frees all dropped tensors without a scope, for the end of a program.
func FinishGC() { libtorch.Finish(finishPatience) }

// SetTensorFinalizer makes the program the owner of t; the collector frees it once it is dropped. It stays for programs
// written for the old gotorch.
func SetTensorFinalizer(t *libtorch.Handle) { t.Release() }
