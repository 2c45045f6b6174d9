package libtorch

import (
	"errors"
	"slices"
	"testing"
)

func TestImagesAndLosses(t *testing.T) {
	handlesAreFreed(t)
	var p Pool
	defer p.Close()
	ones := [2]int64{1, 1}
	conv := Conv2dParams{Stride: ones, Dilation: ones, Groups: 1}
	pool := Pool2dParams{Kernel: [2]int64{1, 2}, Stride: ones, Dilation: ones}
	image := tensor(t, &p, doubleType, []float64{1, 2, 3, 4}, 1, 1, 2, 2)
	kernel := tensor(t, &p, doubleType, []float64{1, 10}, 1, 1, 1, 2)
	batch := tensor(t, &p, doubleType, []float64{1, 3}, 2, 1)
	logs := tensor(t, &p, doubleType, []float64{-1, -2, -3, -4}, 2, 2)
	target := tensor(t, &p, int64Type, []int64{1, 0}, 2)
	even := tensor(t, &p, doubleType, []float64{0, 0}, 1, 2)
	class := tensor(t, &p, int64Type, []int64{1}, 1)
	certain := tensor(t, &p, doubleType, []float64{1, 0}, 2)
	narrow := tensor(t, &p, doubleType, []float64{-9}, 1, 1) // log of the standard deviation
	zero := tensor(t, &p, doubleType, []float64{0}, 1, 1)
	low, high := tensor(t, &p, doubleType, []float64{-1}, 1), tensor(t, &p, doubleType, []float64{1}, 1)
	type result struct {
		h   *Handle
		err error
	}
	of := func(h *Handle, err error) result { return result{h, err} }
	for name, tc := range map[string]struct {
		got  result
		want []float64
	}{
		"conv2d":           {of(Conv2d(image, kernel, nil, conv)), []float64{21, 43}},
		"transposed":       {of(ConvTranspose2d(kernel, kernel, nil, conv)), []float64{1, 20, 100}},
		"max pool":         {of(MaxPool2d(image, pool)), []float64{2, 4}},
		"average":          {of(AdaptiveAvgPool2d(image, 1, 1)), []float64{2.5}},
		"batch norm":       {of(BatchNorm(batch, nil, nil, nil, nil, true, 0.1, 0)), []float64{-1, 1}},
		"nll loss":         {of(NLLLoss(logs, target, nil, ReductionSum, -100)), []float64{5}},
		"cross entropy":    {of(CrossEntropy(even, class, nil, ReductionSum, 1)), []float64{0}}, // ignored,
		"binary":           {of(BinaryCrossEntropy(certain, certain, nil, ReductionNone)), []float64{0, 0}},
		"mixture in a bin": {of(MixtureBinNLL(zero, zero, narrow, low, high)), []float64{0}},
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
	fatal(t, ManualSeed(1))
	fatal(t, FillUniform(certain, 3, 3))
	fatal(t, FillNormal(even, 5, 0))
	if got := append(numbers(t, certain), numbers(t, even)...); !slices.Equal(got, []float64{3, 3, 5, 5}) {
		t.Errorf("filled with %v, want 3 and 5", got)
	}
	fatal(t, LeakyReluI(logs, 0.5))
	if got := numbers(t, logs); !slices.Equal(got, []float64{-0.5, -1, -1.5, -2}) {
		t.Errorf("leaky relu in place gives %v", got)
	}
	one := func(_ *Handle, err error) error { return err }
	for name, err := range map[string]error{
		"conv2d":        one(Conv2d(nil, kernel, nil, conv)),
		"transposed":    one(ConvTranspose2d(image, nil, nil, conv)),
		"max pool":      one(MaxPool2d(nil, pool)),
		"average":       one(AdaptiveAvgPool2d(nil, 1, 1)),
		"batch norm":    one(BatchNorm(nil, nil, nil, nil, nil, true, 0.1, 0)),
		"nll loss":      one(NLLLoss(logs, nil, nil, ReductionSum, 0)),
		"cross entropy": one(CrossEntropy(nil, class, nil, ReductionMean, 0)),
		"binary":        one(BinaryCrossEntropy(certain, nil, nil, ReductionNone)),
		"mixture":       one(MixtureBinNLL(zero, zero, zero, low, nil)),
		"leaky relu":    LeakyReluI(nil, 1),
		"uniform":       FillUniform(nil, 0, 1),
		"normal":        FillNormal(nil, 0, 1),
	} {
		var e *Error
		if !errors.As(err, &e) || e.Kind != KindHandle {
			t.Errorf("%s: got error %v, want one of a missing handle", name, err)
		}
	}
}
