package gotorch_test

import (
	"errors"
	"strings"
	"testing"
	"unsafe"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
)

func TestFailingOperations(t *testing.T) {
	cuda := torch.NewDevice("cuda:99")
	noDevice := torch.ErrNoCUDA
	if torch.IsCUDAAvailable() {
		noDevice = torch.ErrTorch // there is CUDA, but not so many devices
	}
	tests := map[string]struct {
		do   func(s *S, x T) // x is [2, 3]
		want error
		op   string
	}{
		"inner sizes differ":              {func(s *S, x T) { torch.MM(x, x) }, torch.ErrShape, "mm"},
		"shapes do not broadcast":         {func(s *S, x T) { torch.Add(x, vec(1, 2).in(s), 1) }, torch.ErrShape, "add"},
		"in place to a smaller shape":     {func(s *S, x T) { vec(1).in(s).AddI(x, 1) }, torch.ErrShape, "add in place"},
		"view of another size":            {func(s *S, x T) { x.View(4, 2) }, torch.ErrShape, "view"},
		"view that needs a copy":          {func(s *S, x T) { x.Transpose(0, 1).View(6) }, torch.ErrShape, "view"},
		"a dimension too many":            {func(s *S, x T) { x.SumDim([]int64{2}, false) }, torch.ErrShape, "sum"},
		"narrow past the end":             {func(s *S, x T) { x.Narrow(0, 1, 2) }, torch.ErrShape, "narrow"},
		"cat of nothing":                  {func(s *S, x T) { torch.Cat(nil, 0) }, torch.ErrTorch, "cat"},
		"cat of different shapes":         {func(s *S, x T) { torch.Cat([]T{x, vec(1).in(s)}, 0) }, torch.ErrShape, "cat"},
		"index beyond the table":          {func(s *S, x T) { torch.Embedding(x, ints(s, []int64{1}, 2)) }, torch.ErrShape, "embedding"},
		"select by an index out of range": {func(s *S, x T) { x.IndexSelect(0, ints(s, []int64{1}, 2)) }, torch.ErrShape, "index select"},
		"gather by an index out of range": {func(s *S, x T) { x.Gather(0, ints(s, []int64{1, 1}, -3)) }, torch.ErrShape, "gather"},
		"bag with an index out of range":  {func(s *S, x T) { torch.EmbeddingBagSum(x, ints(s, []int64{1, 2}, 0, 2)) }, torch.ErrTorch, "embedding bag"},
		"bag with a negative index":       {func(s *S, x T) { torch.EmbeddingBagSum(x, ints(s, []int64{1, 2}, 0, -1)) }, torch.ErrTorch, "embedding bag"},
		"bag of one dimension":            {func(s *S, x T) { torch.EmbeddingBagSum(x, ints(s, []int64{1}, 0)) }, torch.ErrShape, "embedding bag"},
		"bag indexed by floats":           {func(s *S, x T) { torch.EmbeddingBagSum(x, x) }, torch.ErrDType, "embedding bag"},
		"select by floats":                {func(s *S, x T) { x.IndexSelect(0, vec(0).in(s)) }, torch.ErrTorch, "index select"},
		"types differ in a product":       {func(s *S, x T) { torch.MM(x, x.CastTo(torch.Float).Transpose(0, 1)) }, torch.ErrDType, "mm"},
		"backward of many elements":       {func(s *S, x T) { x.SetRequiresGrad(true).Exp().Backward() }, torch.ErrShape, "backward"},
		"backward without a history":      {func(s *S, x T) { x.Sum().Backward() }, torch.ErrTorch, "backward"},
		"backward twice":                  {func(s *S, x T) { y := x.SetRequiresGrad(true).Exp().Sum(); y.Backward(); y.Backward() }, torch.ErrTorch, "backward"},
		"backward with a wrong shape":     {func(s *S, x T) { x.SetRequiresGrad(true).Exp().BackwardWith(vec(1).in(s)) }, torch.ErrShape, "backward"},
		"gradients of many elements":      {func(s *S, x T) { x.Gradients([]T{x}, false) }, torch.ErrShape, "gradients"},
		"gradient of whole numbers":       {func(s *S, x T) { ints(s, []int64{1}, 1).SetRequiresGrad(true) }, torch.ErrDType, "requires grad"},
		"leaf changed in place":           {func(s *S, x T) { x.SetRequiresGrad(true).AddScalarI(1) }, torch.ErrTorch, "add scalar in place"},
		"item of many elements":           {func(s *S, x T) { x.Item() }, torch.ErrTorch, "item"},
		"number of many elements":         {func(s *S, x T) { x.Float64() }, torch.ErrTorch, "item"},
		"size of a dimension too many":    {func(s *S, x T) { x.Size(2) }, torch.ErrShape, "size"},
		"negative size":                   {func(s *S, x T) { torch.Ones([]int64{-1}, false) }, torch.ErrShape, "create"},
		"more memory than there is":       {func(s *S, x T) { torch.Empty([]int64{1 << 46}, false) }, torch.ErrOutOfMemory, "create"},
		"data of another length":          {func(s *S, x T) { torch.FromFloat32([]float32{1, 2}, 3) }, torch.ErrShape, "from data"},
		"data of a negative shape":        {func(s *S, x T) { torch.FromFloat32([]float32{1}, -1, -1) }, torch.ErrShape, "from data"},
		"copy in of another length":       {func(s *S, x T) { x.CopyFromFloat32([]float32{1}) }, torch.ErrShape, "copy from host"},
		"copy out of another length":      {func(s *S, x T) { x.CopyToFloat32(make([]float32, 7)) }, torch.ErrShape, "copy to host"},
		"no such device":                  {func(s *S, x T) { x.To(cuda) }, noDevice, "to"},
		"no device of that name":          {func(s *S, x T) { torch.NewDevice("gpu") }, torch.ErrDevice, "device"},
		"the cpu as cuda":                 {func(s *S, x T) { x.CUDA(torch.Device{}, false) }, torch.ErrDevice, "cuda"},
		"nil operand":                     {func(s *S, x T) { x.Add(T{}, 1) }, torch.ErrFreed, "add"},
		"nil in a list":                   {func(s *S, x T) { torch.Stack([]T{x, {}}, 0) }, torch.ErrFreed, "stack"},
		"nil itself":                      {func(s *S, x T) { _ = T{}.Shape() }, torch.ErrFreed, "shape"},
		"text of nil":                     {func(s *S, x T) { _ = T{}.String() }, torch.ErrFreed, "string"},
		"no threads":                      {func(s *S, x T) { torch.SetNumThreads(0) }, torch.ErrTorch, "set threads"},
		"no threads here":                 {func(s *S, x T) { torch.WithNumThreads(-1, func() {}) }, torch.ErrTorch, "set threads"},
		"too few gradients":               {func(s *S, x T) { torch.SumGradients([]T{x}, [][]T{nil}) }, torch.ErrShape, "sum gradients"},
		"gradients of another shape":      {func(s *S, x T) { torch.SumGradients([]T{x}, [][]T{{x.Narrow(0, 0, 1)}}) }, torch.ErrTorch, "sum gradients"},
		"strings as a tensor":             {func(s *S, x T) { torch.NewTensor([]string{"a"}) }, torch.ErrDType, "new tensor"},
		"nil as a tensor":                 {func(s *S, x T) { torch.NewTensor(nil) }, torch.ErrDType, "new tensor"},
		"ragged rows":                     {func(s *S, x T) { torch.NewTensor([][]float32{{1, 2}, {3}}) }, torch.ErrShape, "new tensor"},
		"a type that is none":             {func(s *S, x T) { torch.NewTensor(1.0, map[string]interface{}{"dtype": "float"}) }, torch.ErrDType, "new tensor"},
		"sum along text":                  {func(s *S, x T) { x.Sum(map[string]interface{}{"dim": "0"}) }, torch.ErrDType, "sum"},
		"sum keeping a number":            {func(s *S, x T) { x.Sum(map[string]interface{}{"dim": 0, "keepDim": 1}) }, torch.ErrDType, "sum"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			leaktest.Check(t)
			s := torch.NewScope()
			defer s.Close()
			x := mat(2, 3, 1, 2, 3, 4, 5, 6).in(s)
			err := torch.Try(func() { tc.do(s, x) })
			var e *torch.Error
			if !errors.As(err, &e) || !errors.Is(err, tc.want) || !errors.Is(err, torch.ErrTorch) {
				t.Fatalf("got error %v, want %v", err, tc.want)
			}
			if e.Op != tc.op || !strings.HasPrefix(err.Error(), tc.op+": ") {
				t.Errorf("error %q of operation %q, want %q", err, e.Op, tc.op)
			}
			if strings.Contains(err.Error(), "Exception raised from") || strings.Contains(err.Error(), "frame #") {
				t.Errorf("error with a stack trace: %v", err)
			}
		})
	}
}

func TestUseAfterFree(t *testing.T) {
	leaktest.Check(t)
	freed := torch.Ones([]int64{2}, false)
	freed.Free()
	freed.Free()
	s := torch.NewScope()
	closed := s.Adopt(torch.Ones([]int64{2}, false))
	s.Close()
	s.Close()
	for name, x := range map[string]T{"freed": freed, "scope closed": closed} {
		if x.Alive() {
			t.Errorf("%s: tensor is alive", name)
		}
		if err := torch.Try(func() { x.Exp() }); !errors.Is(err, torch.ErrFreed) {
			t.Errorf("%s: got error %v, want %v", name, err, torch.ErrFreed)
		}
	}
}

func TestTry(t *testing.T) {
	if err := torch.Try(func() {}); err != nil {
		t.Errorf("of a success: %v", err)
	}
	defer func() {
		if r := recover(); r != "other" {
			t.Errorf("panic with %v, want the one that is no *Error", r)
		}
	}()
	_ = torch.Try(func() { panic("other") })
}

func TestMustNil(t *testing.T) {
	if err := torch.Try(func() { torch.MustNil(unsafe.Pointer(nil)) }); err != nil {
		t.Errorf("of no message: %v", err)
	}
}

func TestForeignErrorBecomesError(t *testing.T) {
	err := torch.Try(func() { torch.Check(errors.New("from elsewhere")) })
	if !errors.Is(err, torch.ErrTorch) || !strings.Contains(err.Error(), "from elsewhere") {
		t.Errorf("got error %v", err)
	}
}
