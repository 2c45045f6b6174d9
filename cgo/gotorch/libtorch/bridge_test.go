package libtorch

import (
	"errors"
	"slices"
	"testing"
	"unsafe"
)

const (
	int64Type  int8 = 4
	floatType  int8 = 6
	doubleType int8 = 7
)

// fatal stops a test at an error of the bridge.
func fatal(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// tensor copies values into a handle of p.
func tensor[V float64 | int64](t *testing.T, p *Pool, dtype int8, values []V, sizes ...int64) *Handle {
	t.Helper()
	h, err := FromData(unsafe.Pointer(unsafe.SliceData(values)), sizes, Options{DType: dtype})
	fatal(t, err)
	p.Adopt(h)
	return h
}

// numbers copies the elements of h.
func numbers(t *testing.T, h *Handle) []float64 {
	t.Helper()
	i, err := Describe(h)
	fatal(t, err)
	v := make([]float64, i.Numel)
	fatal(t, CopyOut(h, doubleType, unsafe.Pointer(unsafe.SliceData(v)), len(v)))
	return v
}

// handlesAreFreed fails t if its end finds more handles alive than its start.
func handlesAreFreed(t *testing.T) {
	t.Helper()
	Finish(10 * netPatience)
	live := Live()
	t.Cleanup(func() {
		if got := Live(); got > live {
			t.Errorf("%d handles alive at the end, %d at the start", got, live)
		}
	})
}

// Every function calls the operation that its name says. The numbers are small enough to follow by hand; gotorch's tests
// hold the operations to more.
func TestResults(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	a := tensor(t, &p, doubleType, []float64{1, 2, 3, 4}, 2, 2)
	b := tensor(t, &p, doubleType, []float64{4, 3, 2, 1}, 2, 2)
	x := tensor(t, &p, doubleType, []float64{1, 3, 2}, 1, 1, 3)
	w := tensor(t, &p, doubleType, []float64{1, 1}, 1, 1, 2)
	row := tensor(t, &p, doubleType, []float64{1, -1}, 2)
	cube := tensor(t, &p, doubleType, []float64{1, 2, 3, 4}, 1, 2, 2)
	index := tensor(t, &p, int64Type, []int64{1, 0}, 2)
	index2 := tensor(t, &p, int64Type, []int64{1, 1, 0, 1}, 2, 2)
	mask, err := Scalar(GtScalar, a, 2)
	fatal(t, err)
	first := func(a, _ *Handle, err error) (*Handle, error) { return a, err }
	second := func(_, b *Handle, err error) (*Handle, error) { return b, err }
	changed := func(f func(h *Handle) error) (*Handle, error) {
		h, err := Unary(Clone, a)
		if err != nil {
			return nil, err
		}
		return h, f(h)
	}
	options := Options{DType: doubleType}

	type result struct {
		h   *Handle
		err error
	}
	of := func(h *Handle, err error) result { return result{h, err} }
	for name, tc := range map[string]struct {
		got  result
		want []float64
	}{
		"create":      {of(Create(Full, []int64{2}, 5, options)), []float64{5, 5}},
		"eye":         {of(Eye(1, 2, options)), []float64{1, 0}},
		"arange":      {of(Arange(0, 3, 1, options)), []float64{0, 1, 2}},
		"linspace":    {of(Linspace(0, 1, 3, options)), []float64{0, 0.5, 1}},
		"logspace":    {of(Logspace(0, 2, 3, 2, options)), []float64{1, 2, 4}},
		"randint":     {of(Randint(7, 8, []int64{2}, options)), []float64{7, 7}},
		"to":          {of(To(a, Device{}, floatType, false, true)), []float64{1, 2, 3, 4}},
		"unary":       {of(Unary(Square, a)), []float64{1, 4, 9, 16}},
		"binary":      {of(Binary(Mul, a, b)), []float64{4, 6, 6, 4}},
		"scalar":      {of(Scalar(DivScalar, a, 2)), []float64{0.5, 1, 1.5, 2}},
		"add":         {of(Add(a, b, 2)), []float64{9, 8, 7, 6}},
		"inplace":     {of(changed(func(h *Handle) error { return Inplace(DivI, h, b, 1) })), []float64{0.25, 2.0 / 3, 1.5, 4}},
		"by a number": {of(changed(func(h *Handle) error { return InplaceScalar(MulScalarI, h, 3) })), []float64{3, 6, 9, 12}},
		"set data":    {of(changed(func(h *Handle) error { return SetData(h, row) })), []float64{1, -1}},
		"clamp":       {of(Clamp(a, 2, 3)), []float64{2, 2, 3, 3}},
		"gelu":        {of(Gelu(tensor(t, &p, doubleType, []float64{0}, 1), true)), []float64{0}},
		"softplus":    {of(Softplus(tensor(t, &p, doubleType, []float64{50}, 1), 1, 20)), []float64{50}},
		"leaky relu":  {of(LeakyRelu(row, 0.5)), []float64{1, -0.5}},
		"where":       {of(Where(mask, a, b)), []float64{4, 3, 3, 4}},
		"masked fill": {of(MaskedFill(a, mask, 0)), []float64{1, 2, 0, 0}},
		"dropout":     {of(Dropout(a, 1, true, nil)), []float64{0, 0, 0, 0}},
		"shape":       {of(Shape(Permute, a, []int64{1, 0})), []float64{1, 3, 2, 4}},
		"expand as":   {of(ExpandAs(row, a)), []float64{1, -1, 1, -1}},
		"flatten":     {of(Flatten(a, 0, 1)), []float64{1, 2, 3, 4}},
		"transpose":   {of(Transpose(a, 0, 1)), []float64{1, 3, 2, 4}},
		"unsqueeze":   {of(Unsqueeze(row, 0)), []float64{1, -1}},
		"contiguous":  {of(Contiguous(row)), []float64{1, -1}},
		"narrow":      {of(Narrow(a, 0, 1, 1)), []float64{3, 4}},
		"select":      {of(Select(a, 1, 1)), []float64{2, 4}},
		"cat":         {of(Cat([]*Handle{row, row}, 0)), []float64{1, -1, 1, -1}},
		"stack":       {of(Stack([]*Handle{row, row}, 1)), []float64{1, 1, -1, -1}},
		"reduce":      {of(Reduce(Sum, a, []int64{0}, false)), []float64{4, 6}},
		"norm":        {of(Norm(a, 1, nil, false)), []float64{10}},
		"max":         {of(first(MaxDim(a, 1, false))), []float64{2, 4}},
		"where max":   {of(second(MaxDim(a, 1, false))), []float64{1, 1}},
		"min":         {of(first(MinDim(a, 1, false))), []float64{1, 3}},
		"where min":   {of(second(MinDim(a, 1, false))), []float64{0, 0}},
		"argmax":      {of(Argmax(a, true, 0, false)), []float64{3}},
		"argmin":      {of(Argmin(a, false, 0, true)), []float64{0, 0}},
		"glu":         {of(Glu(tensor(t, &p, doubleType, []float64{3, 0}, 2), 0)), []float64{1.5}},
		"softmax":     {of(Softmax(tensor(t, &p, doubleType, []float64{1, 1}, 2), 0)), []float64{0.5, 0.5}},
		"log softmax": {of(LogSoftmax(tensor(t, &p, doubleType, []float64{7}, 1), 0)), []float64{0}},
		"cumsum":      {of(Cumsum(a, 1)), []float64{1, 3, 3, 7}},
		"sort":        {of(first(Sort(row, 0, false))), []float64{-1, 1}},
		"top k":       {of(second(TopK(row, 1, 0, false, true))), []float64{1}},
		"index":       {of(Index(a, []int64{1, 0})), []float64{3}},
		"by index":    {of(IndexSelect(a, 0, index)), []float64{3, 4, 1, 2}},
		"gather":      {of(Gather(a, 1, index2)), []float64{2, 2, 3, 4}},
		"scatter":     {of(Scatter(a, 0, tensor(t, &p, int64Type, []int64{1, 0}, 1, 2), b)), []float64{1, 3, 4, 4}},
		"index add":   {of(IndexAdd(a, 0, index, b, 2)), []float64{5, 4, 11, 10}},
		"index add, in place": {of(changed(func(h *Handle) error { return IndexAddI(h, 0, index, b, 1) })),
			[]float64{3, 3, 7, 7}},
		"index copy":    {of(changed(func(h *Handle) error { return IndexCopyI(h, 0, index, b) })), []float64{2, 1, 4, 3}},
		"index fill":    {of(changed(func(h *Handle) error { return IndexFillI(h, 0, index, 7) })), []float64{7, 7, 7, 7}},
		"nonzero":       {of(NonZero(mask)), []float64{1, 0, 1, 1}},
		"one hot":       {of(OneHot(index, 2)), []float64{0, 1, 1, 0}},
		"embedding":     {of(Embedding(a, index)), []float64{3, 4, 1, 2}},
		"embedding bag": {of(EmbeddingBagSum(a, index2)), []float64{6, 8, 4, 6}},
		"addmm":         {of(Addmm(row, a, b)), []float64{9, 4, 21, 12}},
		"baddbmm":       {of(BAddBmm(row, cube, cube)), []float64{8, 9, 16, 21}},
		"linear":        {of(Linear(row, a, nil)), []float64{-1, -1}},
		"layer norm":    {of(LayerNorm(row, []int64{2}, nil, nil, 0)), []float64{1, -1}},
		"rms norm":      {of(RMSNorm(row, []int64{2}, nil, 0)), []float64{1, -1}},
		"conv1d":        {of(Conv1d(x, w, nil, 1, 0, 1, 1)), []float64{4, 5}},
		"max pool":      {of(MaxPool1d(x, 2, 1, 0, 1, false)), []float64{3, 3}},
	} {
		if tc.got.err != nil {
			t.Errorf("%s: %v", name, tc.got.err)
			continue
		}
		p.Adopt(tc.got.h)
		if got := numbers(t, tc.got.h); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

// A nil handle is an error of its own kind everywhere, never a crash.
func TestNilHandles(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	a := tensor(t, &p, doubleType, []float64{1, 2}, 2)
	scalar := tensor(t, &p, doubleType, []float64{1}, 1)
	var buf [2]float64
	at := unsafe.Pointer(&buf)
	one := func(_ *Handle, err error) error { return err }
	both := func(_, _ *Handle, err error) error { return err }
	yes := func(_ bool, err error) error { return err }
	for name, err := range map[string]error{
		"copy out":        CopyOut(nil, doubleType, at, 2),
		"copy in":         CopyIn(nil, doubleType, at, 2),
		"set data":        SetData(a, nil),
		"to":              one(To(nil, Device{}, floatType, false, false)),
		"unary":           one(Unary(Exp, nil)),
		"binary":          one(Binary(Mul, a, nil)),
		"scalar":          one(Scalar(MulScalar, nil, 1)),
		"add":             one(Add(nil, a, 1)),
		"inplace":         Inplace(AddI, a, nil, 1),
		"by a number":     InplaceScalar(FillI, nil, 1),
		"clamp":           one(Clamp(nil, 0, 1)),
		"gelu":            one(Gelu(nil, true)),
		"softplus":        one(Softplus(nil, 1, 1)),
		"leaky relu":      one(LeakyRelu(nil, 1)),
		"where":           one(Where(nil, a, a)),
		"masked fill":     one(MaskedFill(a, nil, 1)),
		"dropout":         one(Dropout(nil, 0, true, nil)),
		"shape":           one(Shape(View, nil, nil)),
		"expand as":       one(ExpandAs(a, nil)),
		"flatten":         one(Flatten(nil, 0, 1)),
		"transpose":       one(Transpose(nil, 0, 1)),
		"unsqueeze":       one(Unsqueeze(nil, 0)),
		"contiguous":      one(Contiguous(nil)),
		"narrow":          one(Narrow(nil, 0, 0, 1)),
		"select":          one(Select(nil, 0, 0)),
		"cat":             one(Cat([]*Handle{a, nil}, 0)),
		"stack":           one(Stack([]*Handle{nil}, 0)),
		"reduce":          one(Reduce(Sum, nil, nil, false)),
		"norm":            one(Norm(nil, 2, nil, false)),
		"max":             both(MaxDim(nil, 0, false)),
		"min":             both(MinDim(nil, 0, false)),
		"argmax":          one(Argmax(nil, true, 0, false)),
		"argmin":          one(Argmin(nil, true, 0, false)),
		"glu":             one(Glu(nil, 0)),
		"softmax":         one(Softmax(nil, 0)),
		"log softmax":     one(LogSoftmax(nil, 0)),
		"cumsum":          one(Cumsum(nil, 0)),
		"sort":            both(Sort(nil, 0, false)),
		"top k":           both(TopK(nil, 1, 0, true, true)),
		"equal":           yes(Equal(a, nil)),
		"all close":       yes(AllClose(nil, a, 0, 0)),
		"index":           one(Index(nil, nil)),
		"index select":    one(IndexSelect(a, 0, nil)),
		"gather":          one(Gather(a, 0, nil)),
		"scatter":         one(Scatter(a, 0, a, nil)),
		"index add":       one(IndexAdd(a, 0, a, nil, 1)),
		"index add i":     IndexAddI(nil, 0, a, a, 1),
		"index copy":      IndexCopyI(nil, 0, a, a),
		"index fill":      IndexFillI(nil, 0, a, 7),
		"nonzero":         one(NonZero(nil)),
		"one hot":         one(OneHot(nil, 1)),
		"embedding":       one(Embedding(a, nil)),
		"embedding bag":   one(EmbeddingBagSum(nil, a)),
		"addmm":           one(Addmm(a, a, nil)),
		"baddbmm":         one(BAddBmm(nil, a, a)),
		"linear":          one(Linear(a, nil, nil)),
		"layer norm":      one(LayerNorm(nil, nil, nil, nil, 0)),
		"rms norm":        one(RMSNorm(nil, nil, nil, 0)),
		"conv1d":          one(Conv1d(a, nil, nil, 1, 0, 1, 1)),
		"max pool":        one(MaxPool1d(nil, 1, 1, 0, 1, false)),
		"backward":        Backward(nil, nil, false),
		"grad":            one(Grad(nil)),
		"gradients":       func() error { _, err := Gradients(scalar, []*Handle{nil}, false); return err }(),
		"requires grad":   SetRequiresGrad(nil, true),
		"clip":            one(ClipGradNorm([]*Handle{nil}, 1)),
		"generator state": SetRNGState(nil, Device{}),
		"data pointer":    func() error { _, err := DataPtrNoCopy(nil); return err }(),
		"item":            func() error { _, _, _, err := Item(nil); return err }(),
		"describe":        func() error { _, err := Describe(nil); return err }(),
		"sizes":           func() error { _, err := Sizes(nil); return err }(),
		"string":          func() error { _, err := String(nil); return err }(),
		"optimizer":       (*Optimizer)(nil).Step(),
	} {
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindHandle || e.Op == "" {
			t.Errorf("%s: got error %v, want one of a missing handle", name, err)
		}
	}
	fatal(t, ZeroGrad([]*Handle{nil, a}, true))
}
