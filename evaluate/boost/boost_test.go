package boost

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"math"
	"os"
	"runtime"
	"slices"
	"strconv"
	"testing"
)

// reference is what scripts/boost_reference.py wrote: figures of scikit-learn.
type reference struct {
	Train, Rounds, Leaves int
	AUC, MSE              float64
	LogLoss               float64 `json:"log_loss"`
	MacroF1               float64 `json:"macro_f1"`
	MulticlassLogLoss     float64 `json:"multiclass_log_loss"`
	Metrics               struct {
		Scores            []float64
		Positive          []bool
		Predicted, Actual []int
		AUC, MSE          float64
		MacroF1           float64 `json:"macro_f1"`
	}
}

func readReference(t *testing.T) *reference {
	t.Helper()
	content, err := os.ReadFile("testdata/expected.json")
	if err != nil {
		t.Fatal(err)
	}
	r := new(reference)
	if err := json.Unmarshal(content, r); err != nil {
		t.Fatal(err)
	}
	return r
}

// readData returns the features and the three labels of testdata/data.csv.
func readData(t testing.TB) (m *Matrix, binary, class, number []float64) {
	t.Helper()
	file, err := os.Open("testdata/data.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	records, err := csv.NewReader(file).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	table := make([][]float64, 9)
	for _, record := range records[1:] {
		for i, text := range record {
			x := math.NaN()
			if text != "" {
				if x, err = strconv.ParseFloat(text, 64); err != nil {
					t.Fatal(err)
				}
			}
			table[i] = append(table[i], x)
		}
	}
	columns := make([]Column, 6)
	for i := range columns {
		for _, x := range table[i] {
			columns[i].Values = append(columns[i].Values, float32(x))
		}
	}
	if m, err = NewMatrix(columns); err != nil {
		t.Fatal(err)
	}
	return m, table[6], table[7], table[8]
}

// span returns the rows from first to last-1.
func span(first, last int) []int32 {
	rows := make([]int32, 0, last-first)
	for r := first; r < last; r++ {
		rows = append(rows, int32(r))
	}
	return rows
}

func learn(t testing.TB, m *Matrix, rows, test []int32, labels []float64, o Options) []float64 {
	t.Helper()
	model, err := Train(m, rows, labels, o)
	if err != nil {
		t.Fatal(err)
	}
	p, err := model.Predict(m, test)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestMetricsEqualScikitLearn(t *testing.T) {
	want := readReference(t).Metrics
	actual := make([]float64, len(want.Actual))
	for i, class := range want.Actual {
		actual[i] = float64(class)
	}
	for name, tc := range map[string]struct{ got, want float64 }{
		"AUC":      {AUC(want.Scores, want.Positive), want.AUC},
		"macro F1": {MacroF1(want.Predicted, want.Actual), want.MacroF1},
		"MSE":      {MSE(want.Scores, actual), want.MSE},
	} {
		if math.Abs(tc.got-tc.want) > 1e-9 { // sums of 300 terms in another order
			t.Errorf("%s: got %.12g, want %.12g", name, tc.got, tc.want)
		}
	}
}

func TestMetricsOfNothing(t *testing.T) {
	for name, got := range map[string]float64{
		"AUC of one class":    AUC([]float64{1, 2}, []bool{true, true}),
		"AUC of no rows":      AUC(nil, nil),
		"macro F1 of no rows": MacroF1(nil, nil),
		"MSE of no rows":      MSE(nil, nil),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s: got %g, want NaN", name, got)
		}
	}
	if got := AUC([]float64{3, 3, 3}, []bool{true, false, true}); got != 0.5 {
		t.Errorf("AUC of equal scores: got %g, want 0.5", got)
	}
}

// The trees of both sides are grown by one algorithm, and differ in bins, in splits of categories and in rounding.
func TestPredictsAsWellAsScikitLearn(t *testing.T) {
	want := readReference(t)
	m, binary, class, number := readData(t)
	train, test := span(0, want.Train), span(want.Train, m.Rows())
	o := Options{Rounds: want.Rounds, Leaves: want.Leaves}

	p := learn(t, m, train, test, binary, o)
	positive := make([]bool, len(test))
	loss := 0.
	for i, r := range test {
		positive[i] = binary[r] == 1
		if positive[i] {
			loss -= math.Log(p[i]) / float64(len(test))
		} else {
			loss -= math.Log(1-p[i]) / float64(len(test))
		}
	}
	check := func(name string, got, want, tolerance float64) {
		t.Logf("%s: got %.4f, scikit-learn %.4f", name, got, want)
		if got-want > tolerance {
			t.Errorf("%s: got %.4f, want at most %.4f above %.4f", name, got, tolerance, want)
		}
	}
	check("1 - AUC", 1-AUC(p, positive), 1-want.AUC, 0.01)
	check("log loss", loss, want.LogLoss, 0.02)

	o.Objective, o.Classes = Softmax, 4
	p = learn(t, m, train, test, class, o)
	predicted, actual := make([]int, len(test)), make([]int, len(test))
	loss = 0
	for i, r := range test {
		row := p[4*i : 4*i+4]
		predicted[i], actual[i] = slices.Index(row, slices.Max(row)), int(class[r])
		loss -= math.Log(row[actual[i]]) / float64(len(test))
	}
	check("1 - macro F1", 1-MacroF1(predicted, actual), 1-want.MacroF1, 0.02)
	check("log loss of classes", loss, want.MulticlassLogLoss, 0.03)

	o = Options{Rounds: want.Rounds, Leaves: want.Leaves, Objective: Squared}
	p = learn(t, m, train, test, number, o)
	truth := make([]float64, len(test))
	for i, r := range test {
		truth[i] = number[r]
	}
	check("MSE over scikit-learn's", MSE(p, truth)/want.MSE, 1, 0.03)
}

func TestOneModelOnAnyNumberOfCores(t *testing.T) {
	m, _, class, _ := readData(t)
	o := Options{Objective: Softmax, Classes: 4, Rounds: 8, Features: 0.6, Rows: 0.7, Seed: 3}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var first []float64
	for _, cores := range []int{1, 2, 7} {
		runtime.GOMAXPROCS(cores)
		p := learn(t, m, nil, nil, class, o)
		if first == nil {
			first = p
		} else if !slices.Equal(p, first) {
			t.Errorf("%d cores: other predictions than on 1", cores)
		}
	}
	o.Seed++
	if slices.Equal(learn(t, m, nil, nil, class, o), first) {
		t.Error("another seed: the same predictions, want others")
	}
}

// columnsOf makes a matrix of 400 rows.
func columnsOf(t *testing.T, category bool, value func(row int) float64) *Matrix {
	t.Helper()
	x := make([]float32, 400)
	for i := range x {
		x[i] = float32(value(i))
	}
	m, err := NewMatrix([]Column{{Values: make([]float32, 400)}, {Values: x, Category: category}})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestFindsWhatTellsTheClassesApart(t *testing.T) {
	nan := math.NaN()
	tests := map[string]struct {
		category bool
		value    func(row int) float64
		label    func(row int) bool
	}{
		"large values":         {false, func(i int) float64 { return float64(i) }, func(i int) bool { return i >= 300 }},
		"small values":         {false, func(i int) float64 { return math.Exp(float64(i) / 10) }, func(i int) bool { return i < 30 }},
		"values between":       {false, func(i int) float64 { return float64(i % 100) }, func(i int) bool { return i%100/20 == 2 }},
		"infinite values":      {false, func(i int) float64 { return 1 / float64(i%2) }, func(i int) bool { return i%2 == 0 }},
		"one category of many": {true, func(i int) float64 { return float64(i % 10) }, func(i int) bool { return i%10 == 4 }},
		"missing values": {false, func(i int) float64 {
			if i%3 == 0 {
				return nan
			}
			return float64(i)
		}, func(i int) bool { return i%3 == 0 }},
		"missing as large values": {false, func(i int) float64 {
			if i%3 == 0 {
				return nan
			}
			return float64(i)
		}, func(i int) bool { return i%3 == 0 || i >= 250 }},
		"missing as small values": {false, func(i int) float64 {
			if i%3 == 0 {
				return nan
			}
			return float64(i)
		}, func(i int) bool { return i%3 == 0 || i < 150 }},
		"missing category": {true, func(i int) float64 {
			if i%3 == 0 {
				return nan
			}
			return float64(i % 2)
		}, func(i int) bool { return i%3 == 0 }},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			m := columnsOf(t, tc.category, tc.value)
			labels, positive := make([]float64, 400), make([]bool, 400)
			for i := range labels {
				if positive[i] = tc.label(i); positive[i] {
					labels[i] = 1
				}
			}
			model, err := Train(m, nil, labels, Options{Rounds: 30, Leaves: 4})
			if err != nil {
				t.Fatal(err)
			}
			p, err := model.Predict(m, nil)
			if err != nil {
				t.Fatal(err)
			}
			if auc := AUC(p, positive); auc != 1 {
				t.Errorf("AUC: got %g, want 1", auc)
			}
			if got := model.Importance(); got[0] != 0 || math.Abs(got[1]-1) > 1e-12 {
				t.Errorf("importance: got %v, want 0 and 1", got)
			}
		})
	}
}

func TestManyCategoriesShareTheLastBin(t *testing.T) {
	x := make([]float32, 3000)
	for i := range x {
		x[i] = float32(i % 3) // three common values, and 600 that occur once
		if i%5 == 0 {
			x[i] = float32(100 + i)
		}
	}
	m, err := NewMatrix([]Column{{Values: x, Category: true}})
	if err != nil {
		t.Fatal(err)
	}
	c := m.columns[0]
	if c.used != bins {
		t.Errorf("%d bins, want %d", c.used, bins)
	}
	if c.bins[1] == c.bins[2] || c.bins[1] >= 4 || c.bins[2995] != valueBins {
		t.Errorf("bins %d and %d of common values, %d of a rare one, want two of 1 to 3, and %d", c.bins[1], c.bins[2],
			c.bins[2995], valueBins)
	}
}

func TestBinsKeepOrderAndFrequentValues(t *testing.T) {
	x := make([]float32, 10_000)
	for i := range x {
		x[i] = float32(i)
		if i%4 == 0 {
			x[i] = 5000.5
		}
	}
	m, err := NewMatrix([]Column{{Values: x}})
	if err != nil {
		t.Fatal(err)
	}
	held := make([]int, bins)
	alone := m.columns[0].bins[0]
	for i, bin := range m.columns[0].bins {
		held[bin]++
		if bin == alone && x[i] != 5000.5 {
			t.Errorf("%g is in the bin of the frequent value", x[i])
		}
		if i > 0 && x[i] > x[i-1] && bin < m.columns[0].bins[i-1] {
			t.Fatalf("bin %d of %g, %d of %g before", bin, x[i], m.columns[0].bins[i-1], x[i-1])
		}
	}
	for bin, n := range held[1:m.columns[0].used] {
		if n > 60 && bin+1 != int(alone) {
			t.Errorf("bin %d: %d rows, want about %d", bin+1, n, 7500/254)
		}
	}
}

func TestFewRowsMakeNoTree(t *testing.T) {
	m := columnsOf(t, false, func(i int) float64 { return float64(i) })
	labels := make([]float64, 400)
	labels[3], labels[9] = 1, 1
	p := learn(t, m, []int32{3, 4, 9, 10, 11, 12, 13, 14}, []int32{3, 4}, labels, Options{})
	if math.Abs(p[0]-0.25) > 1e-6 || p[0] != p[1] {
		t.Errorf("got %v, want the share of label 1, 0.25", p)
	}
}

func TestWhatCannotBeLearntIsRefused(t *testing.T) {
	m := columnsOf(t, false, func(i int) float64 { return float64(i) })
	good := make([]float64, 400)
	bad := slices.Clone(good)
	bad[7] = 2
	for name, tc := range map[string]struct {
		rows   []int32
		labels []float64
		o      Options
		want   error
	}{
		"too few labels":       {nil, good[:9], Options{}, ErrData},
		"no rows":              {[]int32{}, good, Options{}, ErrData},
		"a row that is none":   {[]int32{400}, good, Options{}, ErrData},
		"label 2 of two":       {nil, bad, Options{}, ErrData},
		"label 2 of classes":   {nil, bad, Options{Objective: Softmax, Classes: 2}, ErrData},
		"one class":            {nil, good, Options{Objective: Softmax, Classes: 1}, ErrOptions},
		"no learning":          {nil, good, Options{Rate: -1}, ErrOptions},
		"one leaf":             {nil, good, Options{Leaves: 1}, ErrOptions},
		"more than all rows":   {nil, good, Options{Rows: 2}, ErrOptions},
		"an unknown objective": {nil, good, Options{Objective: 9}, ErrOptions},
	} {
		if _, err := Train(m, tc.rows, tc.labels, tc.o); !errors.Is(err, tc.want) {
			t.Errorf("%s: got error %v, want %v", name, err, tc.want)
		}
	}
	bad[7] = math.NaN()
	if _, err := Train(m, nil, bad, Options{Objective: Squared}); !errors.Is(err, ErrData) {
		t.Errorf("a number that is none: got error %v, want %v", err, ErrData)
	}
	if _, err := NewMatrix(nil); !errors.Is(err, ErrData) {
		t.Errorf("no columns: got error %v, want %v", err, ErrData)
	}
	if _, err := NewMatrix([]Column{{Values: make([]float32, 2)}, {Values: make([]float32, 3)}}); !errors.Is(err, ErrData) {
		t.Errorf("columns of 2 and 3 rows: got error %v, want %v", err, ErrData)
	}
}

func BenchmarkTrain(b *testing.B) {
	const rows, columns = 40_000, 60
	random := make([]Column, columns)
	labels := make([]float64, rows)
	state := uint32(1)
	for c := range random {
		random[c].Values = make([]float32, rows)
		for i := range rows {
			state = state*1664525 + 1013904223
			random[c].Values[i] = float32(state >> 12)
			if c == 0 && state>>31 == 1 {
				labels[i] = 1
			}
		}
	}
	m, err := NewMatrix(random)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := Train(m, nil, labels, Options{Rounds: 10}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(10*rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}
