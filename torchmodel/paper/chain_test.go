package paper

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"stan/dataset/table"
)

// law is a chain of two attributes of 3 and 2 classes: the first given itself in the row before, the second given the first
// and itself in the row before.
var law = struct {
	a [3][3]float64
	b [3][2][2]float64
}{
	a: [3][3]float64{{0.8, 0.15, 0.05}, {0.1, 0.6, 0.3}, {0.3, 0.3, 0.4}},
	b: [3][2][2]float64{{{0.9, 0.1}, {0.3, 0.7}}, {{0.5, 0.5}, {0.2, 0.8}}, {{0.05, 0.95}, {0.6, 0.4}}},
}

func markov(seed uint64, rows int) *table.Table {
	r := rand.New(rand.NewPCG(seed, 0))
	pick := func(p []float64) int {
		u := r.Float64()
		for i, q := range p {
			if u -= q; u < 0 {
				return i
			}
		}
		return len(p) - 1
	}
	t := &table.Table{
		Columns: []table.Column{{Name: "a", Classes: 3}, {Name: "b", Classes: 2}}, Entities: []string{"only"}, Starts: []int{0, rows},
		Times: make([]int64, rows),
	}
	a, b := 0, 0
	for range rows {
		a = pick(law.a[a][:])
		b = pick(law.b[a][b][:])
		t.Values = append(t.Values, float64(a), float64(b))
	}
	return t
}

// A chain that was written and read again draws by the law that its data followed, and knows the law's entropy.
func TestChainRecoversMarkovChain(t *testing.T) {
	const rows = 60_000
	train := markov(1, rows)
	columns := []Column{{Column: train.Columns[0]}, {Column: train.Columns[1]}}
	fitted, err := FitChain(context.Background(), columns, train)
	if err != nil {
		t.Fatal(err)
	}
	m, err := ReadChain(columns, arraysOf(fitted))
	if err != nil {
		t.Fatal(err)
	}
	var a [3][3]float64
	var b [3][2][2]float64
	d := drawn(t, m, 7, 0, 1, rows)
	for i := 1; i < rows; i++ {
		was, is := d.Row(i-1), d.Row(i)
		a[int(was[0])][int(is[0])]++
		b[int(is[0])][int(was[1])][int(is[1])]++
	}
	// The rarest context has some 5,000 rows, in training and in the draw: 5 standard errors of a share are 0.05.
	check := func(what string, context int, counts, want []float64) {
		total := 0.0
		for _, n := range counts {
			total += n
		}
		for i, p := range want {
			if got := counts[i] / total; math.Abs(got-p) > 0.05 {
				t.Errorf("%s, context %d, class %d: got %.3f, want %.3f", what, context, i, got, p)
			}
		}
	}
	for c := range a {
		check("a after a", c, a[c][:], law.a[c][:])
		for c2 := range b[c] {
			check("b after a and b", 2*c+c2, b[c][c2][:], law.b[c][c2][:])
		}
	}
	// The draw and other rows of the law are equally likely: their law is one.
	own, _ := m.NLL(context.Background(), d)
	other, _ := m.NLL(context.Background(), markov(2, rows))
	for i := range own {
		if math.Abs(own[i]-other[i]) > 0.02 {
			t.Errorf("column %d: drawn rows have %.4f nats, rows of the law %.4f", i, own[i], other[i])
		}
	}
}

// The law sums to 1 in contexts seen often, seldom and never.
func TestChainIsALaw(t *testing.T) {
	rows := simulated(3, 4, 200)
	m, err := FitChain(context.Background(), ranged(rows), rows)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.links {
		for _, context := range [][2]int32{{none, none}, {12, 12}, {3, 24}, {none, 11}} {
			sum := 0.0
			for a := range m.links[i].cells {
				sum += m.links[i].p(int32(a), context[0], context[1])
			}
			if math.Abs(sum-1) > 1e-9 {
				t.Errorf("column %d after %v: probabilities sum to %g", i, context, sum)
			}
		}
	}
}
