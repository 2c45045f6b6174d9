package libtorch

import (
	"errors"
	"runtime"
	"slices"
	"testing"
	"time"
	"unsafe"
)

func TestHandleOwners(t *testing.T) {
	handlesAreFreed(t)
	var p, q Pool
	h, err := Create(Empty, []int64{1}, 0, Options{DType: floatType})
	fatal(t, err)
	if h.Pool() != nil || !h.Alive() || (*Handle)(nil).Pool() != nil || (*Handle)(nil).Alive() {
		t.Error("a new handle has a pool, or nil is alive")
	}
	for _, owner := range []*Pool{&p, &q, &p} {
		owner.Adopt(h)
		if h.Pool() != owner || p.Len()+q.Len() != 1 {
			t.Errorf("handle is in %d and %d pools", p.Len(), q.Len())
		}
	}
	h.Release()
	h.Release()
	if h.Pool() != nil || p.Len() != 0 {
		t.Error("released handle is in a pool")
	}
	h.Free()
	h.Release()
	p.Adopt(h)
	if p.Len() != 0 {
		t.Error("a pool adopted a freed handle")
	}

	// Freeing from the middle keeps the others' places.
	var hs []*Handle
	for i := range 5 {
		h, err := Create(Full, []int64{1}, float64(i), Options{DType: floatType})
		fatal(t, err)
		p.Adopt(h)
		hs = append(hs, h)
	}
	for _, i := range []int{2, 0, 4} {
		hs[i].Free()
	}
	if got := append(numbers(t, hs[1]), numbers(t, hs[3])...); !slices.Equal(got, []float64{1, 3}) || p.Len() != 2 {
		t.Errorf("left over %v of %d, want [1 3]", got, p.Len())
	}
	p.Close()
	p.Close()
	if hs[1].Alive() {
		t.Error("handle of a closed pool is alive")
	}
	late, err := Create(Full, []int64{1}, 7, Options{DType: floatType})
	fatal(t, err)
	p.Adopt(late)
	if late.Pool() != nil || numbers(t, late)[0] != 7 {
		t.Error("a closed pool took a handle, or the handle is lost")
	}
	late.Free()
}

func TestNetFreesForgotten(t *testing.T) {
	Collect(netPatience)
	live, before := Live(), Forgotten()
	for range 2 * sweepHandles {
		_, err := Create(Empty, []int64{1}, 0, Options{DType: floatType})
		fatal(t, err)
	}
	Sweep(netPatience)
	Finish(time.Second)
	if got := Live(); got > live {
		t.Errorf("%d handles alive, want %d", got, live)
	}
	if got := Forgotten() - before; got != 2*sweepHandles {
		t.Errorf("%d handles counted, want %d", got, 2*sweepHandles)
	}
	Sweep(0) // nothing to do
}

func TestMessages(t *testing.T) {
	if err := Message(nil); err != nil {
		t.Errorf("no message: got error %v", err)
	}
	_, err := Create(Empty, []int64{-1}, 0, Options{})
	var e *Error
	if !errors.As(err, &e) || e.Kind != KindShape || e.Error() != e.Op+": "+e.Msg {
		t.Errorf("got error %#v", err)
	}
	for what, kind := range map[string]Kind{"CPU is a device": 0, "CUDA is missing": KindNoCUDA, "a device of no type": KindTorch} {
		d := map[string]Device{"CPU is a device": {}, "CUDA is missing": {CUDA, 0}, "a device of no type": {99, 0}}[what]
		h, err := Create(Empty, []int64{1}, 0, Options{DType: floatType, Device: d})
		h.Free()
		if d.Type == CUDA && CUDAAvailable() {
			continue
		}
		if kind == 0 && err != nil || kind != 0 && (!errors.As(err, &e) || e.Kind != kind) {
			t.Errorf("%s: got error %v", what, err)
		}
	}
}

func TestOperationNames(t *testing.T) {
	for _, name := range []string{
		Exp.String(), Mul.String(), AddScalar.String(), CopyI.String(), FillI.String(), View.String(), Sum.String(),
	} {
		if name == "" {
			t.Error("an operation without a name")
		}
	}
	for op := Abs; op <= Detach; op++ {
		if op.String() == "" {
			t.Errorf("unary operation %d has no name", op)
		}
	}
}

func TestModesOfThread(t *testing.T) {
	if !GradEnabled() {
		t.Error("gradients are off at the start")
	}
	func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		SetGradEnabled(false)
		defer SetGradEnabled(true)
		if GradEnabled() {
			t.Error("gradients are on after switching them off")
		}
	}()
	fatal(t, SetNumThreads(2))
	if got := NumThreads(); got != 2 {
		t.Errorf("%d threads, want 2", got)
	}
	fatal(t, SetDeterministic(false))
	if Version() == "" {
		t.Error("no version")
	}
	on, dtype, err := Autocast(Device{}, false, 15)
	if on || err != nil {
		t.Errorf("autocast was on: %v, type %d, error %v", on, dtype, err)
	}
	AutocastClear()
}

func TestGradientsAndOptimizer(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	x := tensor(t, &p, doubleType, []float64{1, 2}, 2)
	fatal(t, SetRequiresGrad(x, true))
	opt, err := NewOptimizer(OptimizerOptions{Kind: SGD, LR: 0.5, Momentum: 0.9})
	fatal(t, err)
	fatal(t, opt.Add([]*Handle{x}, 0))
	square := func() *Handle {
		y, err := Unary(Square, x)
		fatal(t, err)
		sum, err := Reduce(Sum, y, nil, false)
		fatal(t, err)
		return sum
	}
	gs, err := Gradients(square(), []*Handle{x}, false)
	fatal(t, err)
	if got := numbers(t, gs[0]); !slices.Equal(got, []float64{2, 4}) {
		t.Errorf("gradient %v, want [2 4]", got)
	}
	fatal(t, Backward(square(), nil, false))
	g, err := Grad(x)
	fatal(t, err)
	if got := numbers(t, g); !slices.Equal(got, []float64{2, 4}) {
		t.Errorf("gradient %v, want [2 4]", got)
	}
	norm, err := ClipGradNorm([]*Handle{x}, 0)
	fatal(t, err)
	if got := numbers(t, norm)[0]; got*got < 19.99 || got*got > 20.01 {
		t.Errorf("norm %g, want the root of 20", got)
	}
	if none, err := opt.State(0, 0); none != nil || err != nil {
		t.Errorf("state before a step: %v, error %v", none, err)
	}
	fatal(t, opt.Step())
	if got := numbers(t, x); !slices.Equal(got, []float64{0, 0}) {
		t.Errorf("after a step %v, want [0 0]", got)
	}
	state, err := opt.State(0, 0)
	fatal(t, err)
	p.Adopt(state)
	fatal(t, opt.SetState(0, 0, state))
	fatal(t, opt.SetState(0, 0, nil))
	for name, err := range map[string]error{
		"slot":      opt.SetState(1, 0, state),
		"parameter": opt.SetState(0, 1, state),
		"shape":     opt.SetState(0, 0, norm),
		"sizes":     func() error { _, err := opt.ParameterSizes(5); return err }(),
	} {
		if err == nil {
			t.Errorf("state of another %s was taken", name)
		}
	}
	sizes, err := opt.ParameterSizes(0)
	if !slices.Equal(sizes, []int64{2}) || err != nil {
		t.Errorf("parameter of sizes %v, error %v", sizes, err)
	}
	steps, err := opt.Steps()
	if !slices.Equal(steps, []float64{1}) || err != nil {
		t.Errorf("steps %v, error %v, want [1]", steps, err)
	}
	fatal(t, opt.SetSteps(steps))
	fatal(t, opt.SetLR(0.25))
	if lr, err := opt.LR(); lr != 0.25 || err != nil {
		t.Errorf("learning rate %g, error %v", lr, err)
	}
	fatal(t, opt.ZeroGrad())
	if g, err := Grad(x); g != nil || err != nil {
		t.Errorf("gradient %v, error %v, want none", g, err)
	}
	opt.Close()
	opt.Close()
	if _, err := opt.Steps(); err == nil {
		t.Error("a closed optimiser has steps")
	}
	if _, err := NewOptimizer(OptimizerOptions{LR: -1}); err == nil {
		t.Error("a negative learning rate was taken")
	}
}

func TestGenerator(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	state, err := RNGState(Device{})
	fatal(t, err)
	p.Adopt(state)
	fatal(t, SetRNGState(state, Device{}))
}

func TestDescribe(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	a := tensor(t, &p, doubleType, []float64{1, 2}, 1, 1, 1, 1, 1, 1, 1, 1, 2)
	i, err := Describe(a)
	fatal(t, err)
	want := Info{Numel: 2, Bytes: 16, Dim: 9, DType: doubleType, Contiguous: true, Leaf: true}
	if i != want {
		t.Errorf("got %+v, want %+v", i, want)
	}
	sizes, err := Sizes(a)
	if len(sizes) != 9 || sizes[8] != 2 || err != nil {
		t.Errorf("sizes %v, error %v", sizes, err)
	}
	n := tensor(t, &p, int64Type, []int64{7}, 1)
	if i, _, whole, err := Item(n); i != 7 || !whole || err != nil {
		t.Errorf("item %d, whole %v, error %v", i, whole, err)
	}
	if s, err := String(n); s != " 7\n[ CPULongType{1} ]" || err != nil {
		t.Errorf("text %q, error %v", s, err)
	}
	at, err := DataPtrNoCopy(n)
	fatal(t, err)
	if *(*int64)(at) != 7 {
		t.Error("pointer does not lead to the element")
	}
	v := int64(8)
	fatal(t, CopyIn(n, int64Type, unsafe.Pointer(&v), 1))
	same, err := Equal(n, n)
	fatal(t, err)
	close, err := AllClose(a, a, 0, 0)
	fatal(t, err)
	if got := numbers(t, n); got[0] != 8 || !same || !close {
		t.Errorf("after a copy %v, equal %v, close %v", got, same, close)
	}
}
