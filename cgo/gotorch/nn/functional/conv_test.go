package functional

import (
	"math"
	"slices"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
)

// ramp makes n values that are neither symmetric nor all of one sign.
func ramp(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32((i*7)%11) - 4.5
	}
	return v
}

// image is values [C, H, W] of one picture.
type image struct {
	C, H, W int
	v       []float32
}

func newImage(C, H, W int) image { return image{C, H, W, ramp(C * H * W)} }

// at returns a pixel, and pad outside of the picture.
func (m image) at(c, y, x int, pad float64) float64 {
	if y < 0 || y >= m.H || x < 0 || x >= m.W {
		return pad
	}
	return float64(m.v[(c*m.H+y)*m.W+x])
}

func (m image) tensor(s *torch.Scope) torch.Tensor {
	return s.Adopt(torch.FromFloat32(m.v, 1, int64(m.C), int64(m.H), int64(m.W)))
}

// conv2d convolves as the definition says. The lists are for height and width.
func conv2d(in image, weight []float32, bias []float64, O, kh, kw int, stride, padding, dilation [2]int, groups int) (out []float64, shape []int64) {
	H := (in.H+2*padding[0]-dilation[0]*(kh-1)-1)/stride[0] + 1
	W := (in.W+2*padding[1]-dilation[1]*(kw-1)-1)/stride[1] + 1
	perGroup := in.C / groups
	for o := range O {
		group := o / (O / groups)
		for y := range H {
			for x := range W {
				sum := bias[o]
				for c := range perGroup {
					for i := range kh {
						for j := range kw {
							w := float64(weight[((o*perGroup+c)*kh+i)*kw+j])
							sum += w * in.at(group*perGroup+c, y*stride[0]-padding[0]+i*dilation[0], x*stride[1]-padding[1]+j*dilation[1], 0)
						}
					}
				}
				out = append(out, sum)
			}
		}
	}
	return out, []int64{1, int64(O), int64(H), int64(W)}
}

func TestConv2d(t *testing.T) {
	tests := map[string]struct {
		kh, kw                    int
		stride, padding, dilation []int64
		groups                    int
		bias                      bool
	}{
		"kernel of one":             {1, 1, []int64{1}, []int64{0}, []int64{1}, 1, false},
		"one number for both sides": {3, 3, []int64{2}, []int64{1}, []int64{1}, 1, true},
		"height and width differ":   {3, 2, []int64{1, 2}, []int64{2, 0}, []int64{1, 3}, 1, true},
		"two groups":                {3, 3, []int64{1}, []int64{1}, []int64{1}, 2, true},
		"a group for each channel":  {2, 2, []int64{1}, []int64{0}, []int64{1}, 4, false},
	}
	both := func(v []int64) [2]int { return [2]int{int(v[0]), int(v[len(v)-1])} }
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			noLeak(t)
			torch.With(func(s *torch.Scope) {
				in := newImage(4, 6, 7)
				const O = 4
				perGroup := in.C / tc.groups
				weight := ramp(O * perGroup * tc.kh * tc.kw)
				w := s.Adopt(torch.FromFloat32(weight, O, int64(perGroup), int64(tc.kh), int64(tc.kw)))
				biases, b := make([]float64, O), torch.Tensor{}
				if tc.bias {
					biases = []float64{1, -2, 3, 0.5}
					b = s.Adopt(torch.FromFloat32([]float32{1, -2, 3, 0.5}))
				}
				got := Conv2d(in.tensor(s), w, b, tc.stride, tc.padding, tc.dilation, int64(tc.groups))
				want, shape := conv2d(in, weight, biases, O, tc.kh, tc.kw, both(tc.stride), both(tc.padding), both(tc.dilation), tc.groups)
				if !slices.Equal(got.Shape(), shape) {
					t.Fatalf("shape: got %v, want %v", got.Shape(), shape)
				}
				near(t, "pixel", got.Float32s(), want, 1e-6) // float32 sums of up to 36 terms
			})
		})
	}
}

// By definition <Conv2d(x), y> = <x, ConvTranspose2d(y)> for every x and y.
func TestConvTranspose2dIsTheAdjointOfConv2d(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		for name, tc := range map[string]struct {
			stride, padding, outputPadding, dilation []int64
			groups                                   int64
		}{
			"plain":                   {[]int64{1}, []int64{0}, []int64{0}, []int64{1}, 1},
			"height and width differ": {[]int64{2, 3}, []int64{1, 0}, []int64{1, 1}, []int64{1, 2}, 1},
			"two groups":              {[]int64{2}, []int64{1}, []int64{1}, []int64{1}, 2},
		} {
			w := s.Adopt(torch.FromFloat32(ramp(int(4*(4/tc.groups)*3*2)), 4, 4/tc.groups, 3, 2))
			y := newImage(4, 3, 4).tensor(s)
			back := ConvTranspose2d(y, w, torch.Tensor{}, tc.stride, tc.padding, tc.outputPadding, tc.groups, tc.dilation)
			shape := back.Shape()
			x := newImage(int(shape[1]), int(shape[2]), int(shape[3])).tensor(s)
			forth := Conv2d(x, w, torch.Tensor{}, tc.stride, tc.padding, tc.dilation, tc.groups)
			if !slices.Equal(forth.Shape(), y.Shape()) {
				t.Fatalf("%s: shape there and back: got %v, want %v", name, forth.Shape(), y.Shape())
			}
			got, want := x.Mul(back).Sum().Float64(), forth.Mul(y).Sum().Float64()
			if math.Abs(got-want) > 1e-5*math.Abs(want) { // float32 sums of some thousand terms
				t.Errorf("%s: <x, transposed(y)> = %g, want <conv(x), y> = %g", name, got, want)
			}
		}
	})
}

func TestConv1dIsConv2dOfHeightOne(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		in := newImage(2, 1, 9)
		x := s.Adopt(torch.FromFloat32(in.v, 1, 2, 9))
		w := s.Adopt(torch.FromFloat32(ramp(12), 2, 2, 3))
		b := s.Adopt(torch.FromFloat32([]float32{1, -1}))
		want, _ := conv2d(in, ramp(12), []float64{1, -1}, 2, 1, 3, [2]int{1, 2}, [2]int{0, 2}, [2]int{1, 2}, 1)
		got := Conv1d(x, w, b, 2, 2, 2, 1)
		near(t, "element", got.Float32s(), want, 1e-6)
	})
}

func TestMaxPool2d(t *testing.T) {
	noLeak(t)
	in := newImage(2, 5, 6)
	for name, tc := range map[string]struct {
		kernel, stride, padding, dilation []int64
		ceil                              bool
		H, W                              int
	}{
		"stride of the kernel":      {[]int64{2}, nil, []int64{0}, []int64{1}, false, 2, 3},
		"a last window cut short":   {[]int64{2}, []int64{2}, []int64{0}, []int64{1}, true, 3, 3},
		"height and width differ":   {[]int64{3, 2}, []int64{1, 2}, []int64{1, 0}, []int64{1, 1}, false, 5, 3},
		"every other pixel of four": {[]int64{2}, []int64{1}, []int64{0}, []int64{2}, false, 3, 4},
	} {
		torch.With(func(s *torch.Scope) {
			stride := tc.stride
			if stride == nil {
				stride = tc.kernel
			}
			last := func(v []int64) int { return int(v[len(v)-1]) }
			var want []float64
			for c := range in.C {
				for y := range tc.H {
					for x := range tc.W {
						top := math.Inf(-1)
						for i := range int(tc.kernel[0]) {
							for j := range last(tc.kernel) {
								top = max(top, in.at(c, y*int(stride[0])-int(tc.padding[0])+i*int(tc.dilation[0]),
									x*last(stride)-last(tc.padding)+j*last(tc.dilation), math.Inf(-1)))
							}
						}
						want = append(want, top)
					}
				}
			}
			got := MaxPool2d(in.tensor(s), tc.kernel, tc.stride, tc.padding, tc.dilation, tc.ceil)
			if shape := []int64{1, 2, int64(tc.H), int64(tc.W)}; !slices.Equal(got.Shape(), shape) {
				t.Fatalf("%s: shape: got %v, want %v", name, got.Shape(), shape)
			}
			near(t, name, got.Float32s(), want, 0)
		})
	}
}

func TestAdaptiveAvgPool2d(t *testing.T) {
	noLeak(t)
	torch.With(func(s *torch.Scope) {
		in := newImage(1, 4, 6)
		want := func(h, w int) (v []float64) {
			for y := range h {
				for x := range w {
					sum := 0.0
					for i := range 4 / h {
						for j := range 6 / w {
							sum += in.at(0, y*(4/h)+i, x*(6/w)+j, 0)
						}
					}
					v = append(v, sum/float64(4/h*6/w))
				}
			}
			return v
		}
		near(t, "mean of all", AdaptiveAvgPool2d(in.tensor(s), []int64{1}).Float32s(), want(1, 1), 1e-6)
		near(t, "two by three", AdaptiveAvgPool2d(in.tensor(s), []int64{2, 3}).Float32s(), want(2, 3), 1e-6)
	})
}
