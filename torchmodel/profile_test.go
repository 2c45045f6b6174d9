package torchmodel

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"time"
)

// fitted are the profiles of the reference flows.
func fitted(t *testing.T) *Profiles {
	t.Helper()
	s, err := splitSets(context.Background(), referenceFlows(t), nil, tinyOptions(), &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := profilesOf(s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// within are the least and the most quantile of a variable, with room for the rounding to float32.
func (p *Profiles) within(v int) (low, high float64) {
	q := p.quantiles[v*profileQuantiles : (v+1)*profileQuantiles]
	return float64(q[0]) - 1e-5, float64(q[profileQuantiles-1]) + 1e-5
}

func TestDrawnProfilesLieInTheFittedRange(t *testing.T) {
	p := fitted(t)
	for host := range 500 {
		got := p.draw(hostSeed(7, host))
		for m, x := range got.mean {
			if low, high := p.within(m); float64(x) < low || float64(x) > high {
				t.Fatalf("host %d: mean %d is %g, want %g to %g", host, m, x, low, high)
			}
		}
		if low, high := p.within(marks); got.rows < math.Exp(low)*0.999 || got.rows > math.Exp(high)*1.001 || !(got.rows > 0) {
			t.Fatalf("host %d: %g rows a day, want %g to %g", host, got.rows, math.Exp(low), math.Exp(high))
		}
		var sum float64
		for h, share := range got.hours {
			if !(share >= 0) {
				t.Fatalf("host %d: share %g of hour %d", host, share, h)
			}
			sum += share
		}
		if math.Abs(sum-1) > 1e-9 {
			t.Fatalf("host %d: shares of hours sum to %g, want 1", host, sum)
		}
		if again := p.draw(hostSeed(7, host)); again != got {
			t.Fatalf("host %d: a second draw differs", host)
		}
	}
	if p.draw(hostSeed(7, 1)) == p.draw(hostSeed(7, 2)) || p.draw(hostSeed(7, 1)) == p.draw(hostSeed(8, 1)) {
		t.Error("two hosts or two seeds have one profile")
	}
}

// madeDays are days whose variables depend on each other: busy hosts have large marks of even number.
func madeDays(n int) []plan {
	r := rand.New(rand.NewPCG(5, 6))
	days := make([]plan, n)
	for i := range days {
		d := &days[i]
		common := r.NormFloat64()
		d.Rows = int32(math.Exp(5 + common))
		for m := range d.Mean {
			own := r.NormFloat64()
			if m%2 == 0 {
				own = 0.8*common + 0.6*own
			}
			d.Mean[m] = float32(1 / (1 + math.Exp(-own)))
		}
		d.Mean[internalMark] = 0.1
		left := d.Rows
		for h := range 23 {
			d.HourRows[h] = int32(r.Int64N(int64(left) + 1))
			left -= d.HourRows[h]
		}
		d.HourRows[23] = left
	}
	return days
}

func TestDrawnProfilesCorrelateAsTheFittedOnes(t *testing.T) {
	const draws = 4000
	p, err := fitProfiles(madeDays(300))
	if err != nil {
		t.Fatal(err)
	}
	columns := make([][]float64, marks+1)
	for host := range draws {
		d := p.draw(hostSeed(1, host))
		for m, x := range d.mean {
			columns[m] = append(columns[m], float64(x))
		}
		columns[marks] = append(columns[marks], math.Log(d.rows))
	}
	scores := make([][]float64, len(columns))
	for v, column := range columns {
		scores[v] = normalScores(column, slices.Sorted(slices.Values(column)))
	}
	strongest := 0.0
	for a := range columns {
		for b := range a {
			if a == internalMark || b == internalMark { // a constant
				continue
			}
			want := float64(p.correlation[a*profileSize+b])
			strongest = max(strongest, want)
			// The standard error of a correlation of 4000 draws is at most 0.016; there are 1400 of them.
			if got := correlation(scores[a], scores[b]); math.Abs(got-want) > 0.08 {
				t.Errorf("variables %d and %d of %d draws correlate by %.3f, want %.3f", a, b, draws, got, want)
			}
		}
	}
	if strongest < 0.5 {
		t.Errorf("the strongest fitted correlation is %.2f, want one of at least 0.5, as the days were made", strongest)
	}
}

func TestHostsThatOnlyOthersHaveSeenHaveNoProfile(t *testing.T) {
	days := madeDays(20)
	for i := range 10 {
		days[i].Mean[internalMark] = 1
	}
	some, err := fitProfiles(days)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := fitProfiles(days[10:])
	if !reflect.DeepEqual(some.quantiles, want.quantiles) {
		t.Error("days without an external remote change the profiles")
	}
	for i := range days {
		days[i].Mean[internalMark] = 1
	}
	if _, err := fitProfiles(days); err != nil {
		t.Errorf("hosts that talk to each other alone: %v", err)
	}
	if _, err := fitProfiles(nil); !errors.Is(err, ErrData) {
		t.Errorf("no day: got error %v, want %v", err, ErrData)
	}
}

// Days tile the span: each has the hours of it that lie in the span, by the part that does.
func TestDaysTileTheSpan(t *testing.T) {
	day := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	for name, tc := range map[string]struct {
		start    time.Time
		duration time.Duration
		hours    []float64 // of the span, from the midnight before it
	}{
		"a whole day":            {day, 24 * time.Hour, slices.Repeat([]float64{1}, 24)},
		"one second":             {day.Add(5 * time.Hour), time.Second, append(make([]float64, 5), 1.0/3600)},
		"up to midnight":         {day.Add(22 * time.Hour), 2 * time.Hour, append(make([]float64, 22), 1, 1)},
		"over midnight":          {day.Add(23*time.Hour + 30*time.Minute), time.Hour, append(make([]float64, 23), 0.5, 0.5)},
		"an odd start, two days": {day.Add(6*time.Hour + 45*time.Minute), 24 * time.Hour, append(make([]float64, 6), slices.Concat([]float64{0.25}, slices.Repeat([]float64{1}, 23), []float64{0.75})...)},
		"before 1970":            {time.Date(1969, 12, 31, 23, 0, 0, 0, time.UTC), 2 * time.Hour, append(make([]float64, 23), 1, 1)},
	} {
		t.Run(name, func(t *testing.T) {
			m := &Model{profiles: fitted(t)}
			g := &generation{m: m, o: GenerateOptions{Seed: 3}, start: tc.start.UnixMicro(), end: tc.start.Add(tc.duration).UnixMicro()}
			first := tc.start.Unix()
			first = (first - (first%86400+86400)%86400) / 86400
			hours := append(slices.Clone(tc.hours), make([]float64, (24-len(tc.hours)%24)%24)...)
			var sum, want float64
			for host := range 300 {
				plans := g.days(host)
				if len(plans) != len(hours)/24 {
					t.Fatalf("%d days, want %d", len(plans), len(hours)/24)
				}
				profile := m.profiles.draw(hostSeed(3, host))
				for d, p := range plans {
					if p.Day != first+int64(d) {
						t.Fatalf("day %d of the span is day %d since 1970, want %d", d, p.Day, first+int64(d))
					}
					var rows int32
					for h, n := range p.HourRows {
						part := hours[24*d+h]
						if n < 0 || part == 0 && n != 0 {
							t.Fatalf("%d rows in hour %d of day %d, of which %g is in the span", n, h, d, part)
						}
						rows += n
						want += profile.rows * profile.hours[h] * part
					}
					if rows != p.Rows {
						t.Fatalf("hours have %d rows, the day %d", rows, p.Rows)
					}
					sum += float64(rows)
				}
			}
			// Rounding by chance moves each of some thousand hours by less than one row, a day that is not the first by a
			// fifth of its rows (daySpread).
			if spread := 3*math.Sqrt(want) + 0.1*want; math.Abs(sum-want) > spread+5 {
				t.Errorf("%.0f rows are planned, want about %.1f", sum, want)
			}
		})
	}
}
