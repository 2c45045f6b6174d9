package evaluate

import (
	"math"
	"math/rand/v2"
	"net/netip"
	"slices"
	"testing"

	"stan/dataset"
)

func TestAUCIsTheShareOfPairsWon(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	draw := func(hosts int) [][]float64 {
		all := make([][]float64, hosts)
		for i := range all {
			for range r.IntN(5) {
				all[i] = append(all[i], float64(r.IntN(6))) // few values: many ties
			}
		}
		return all
	}
	members, others := draw(5), draw(7)
	weights := func(n int) []float64 {
		w := make([]float64, n)
		for i := range w {
			w[i] = float64(r.IntN(3))
		}
		return w
	}
	a, b := weights(5), weights(7)
	won, pairs := 0., 0.
	for i, host := range members {
		for j, other := range others {
			for _, x := range host {
				for _, y := range other {
					pairs += a[i] * b[j]
					switch {
					case x > y:
						won += a[i] * b[j]
					case x == y:
						won += a[i] * b[j] / 2
					}
				}
			}
		}
	}
	if got, want := rankHosts(members, others).auc(a, b), won/pairs; math.Abs(got-want) > 1e-12 {
		t.Errorf("got %g, want %g", got, want)
	}
	if got := rankHosts(nil, others).auc(nil, b); !math.IsNaN(got) {
		t.Errorf("no members: got %g, want none", got)
	}
}

func TestNeighboursAreThoseOfANaiveSearch(t *testing.T) {
	all := pointsOf(sampleOf(t, office(1, 1, 8, 200), 1600, 1), 1)
	found := newNeighbours(all[200:])
	for _, p := range all[:200] {
		want := math.Inf(1)
		for _, q := range all[200:] {
			if q.host != 3 {
				d := p.within(q, float32(classDistance(p.classes, q.classes)), float32(math.Inf(1)))
				want = min(want, float64(d))
			}
		}
		if got := found.distance(p, 3); got != want {
			t.Fatalf("got %g, want %g", got, want)
		}
	}
	if got := found.distance(all[300], noHost); got != 0 {
		t.Errorf("a point that is there: got distance %g, want 0", got)
	}
}

func TestDistanceIsAMetric(t *testing.T) {
	all := pointsOf(sampleOf(t, office(1, 1, 4, 50), 1600, 1), 1)
	distance := func(p, q *point) float64 {
		return float64(p.within(q, float32(classDistance(p.classes, q.classes)), float32(math.Inf(1))))
	}
	r := rand.New(rand.NewPCG(1, 1))
	for range 2000 {
		a, b, c := all[r.IntN(len(all))], all[r.IntN(len(all))], all[r.IntN(len(all))]
		ab, bc, ac := distance(a, b), distance(b, c), distance(a, c)
		if ab != distance(b, a) || ac > ab+bc+1e-5 || ab > pointAttributes { // sums of eleven float32
			t.Fatalf("distances %g, %g, %g of three points, and %g back", ab, bc, ac, distance(b, a))
		}
	}
}

func TestWilsonIsThatOfTheBook(t *testing.T) {
	// statsmodels.stats.proportion.proportion_confint(10, 50, method="wilson") is 0.1124375, 0.3303711
	got := wilson(10, 50)
	if low, high := got.value-got.half, got.value+got.half; math.Abs(low-0.1124375) > 1e-6 || math.Abs(high-0.3303711) > 1e-6 {
		t.Errorf("10 of 50: got %.7f to %.7f, want 0.1124375 to 0.3303711", low, high)
	}
}

// attackNames are those of the measures that attacks take.
var attackNames = []string{"nearest_is_train", "membership_density_auc", "membership_auc", "singling_out"}

func TestAttacksTellTrainingRowsFromOthers(t *testing.T) {
	train, real := office(1, 1, 24, 300), office(1, 2, 24, 300)
	moved := slices.Clone(train)
	for i := range moved {
		host := moved[i].Host.As4()
		host[2] = 9
		moved[i] = asOf(moved[i], netip.AddrFrom4(host))
	}
	for name, tc := range map[string]struct {
		synthetic []dataset.Flow
		leaks     bool
	}{
		"training rows":                     {train, true},
		"training rows under new addresses": {moved, true},
		"other hosts":                       {office(1, 3, 24, 300), false},
	} {
		t.Run(name, func(t *testing.T) {
			defer only(nil, nil, attacks)()
			report := compareAll(t, real, tc.synthetic, train)
			for _, name := range attackNames {
				m := report.Measure(name)
				if tc.leaks && (m.Verdict != Apart || m.Interval.Low <= m.Real) {
					t.Errorf("%s: %g, from %g, real %g, %s, want %s", name, m.Synthetic, m.Interval.Low, m.Real, m.Verdict, Apart)
				}
				if !tc.leaks && m.Verdict != AsReal {
					t.Errorf("%s: %g, real %g, %s, want %s", name, m.Synthetic, m.Real, m.Verdict, AsReal)
				}
			}
			if m := report.Measure("membership_auc"); tc.leaks != (m.Synthetic > 0.9) {
				t.Errorf("membership_auc: got %g, want above 0.9 for training rows alone", m.Synthetic)
			}
			if m := report.Measure("nearest_is_train"); math.Abs(float64(m.Real)-0.5) > 0.05 {
				t.Errorf("nearest_is_train: real hosts give %g, want about 0.5", m.Real)
			}
		})
	}
}

func TestAttacksWithoutOtherHostsHaveNoFloor(t *testing.T) {
	defer only(nil, nil, attacks)()
	report := compareAll(t, office(1, 1, 1, 90), office(1, 3, 4, 90), office(1, 2, 4, 90))
	for _, name := range attackNames {
		if m := report.Measure(name); m.Verdict != NoFloor && m.Verdict != NoData {
			t.Errorf("%s: %s, want %s or %s", name, m.Verdict, NoFloor, NoData)
		}
	}
}
