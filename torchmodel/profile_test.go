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

	"stan/dataset/encode"
)

// fitted are the profiles of the reference flows.
func fitted(t *testing.T) *Profiles {
	t.Helper()
	s, err := splitSets(context.Background(), referenceFlows(t), nil, tinyOptions(), &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	p, err := profilesOf(s, room{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// inRange tells whether x lies between the least and the most quantile of variable v, with room for float32.
func (p *Profiles) inRange(v int, x float64) bool {
	q := p.quantiles[v*profileQuantiles : (v+1)*profileQuantiles]
	return x >= float64(q[0])-1e-5 && x <= float64(q[profileQuantiles-1])+1e-5
}

func TestDrawnProfilesArePossible(t *testing.T) {
	p := fitted(t)
	for host := range 500 {
		got := p.draw(hostSeed(7, host), hostAt(7, host))
		at := 0
		for g, n := range groups {
			var sum float64
			for _, x := range got.mean[at : at+n] {
				if x < 0 || x > 1.0001 {
					t.Fatalf("host %d: share %g in group %d", host, x, g)
				}
				sum += float64(x)
			}
			if math.Abs(sum-1) > 1e-5 {
				t.Fatalf("host %d: shares of group %d sum to %g, want 1", host, g, sum)
			}
			at += n
		}
		for m := lowPorts + 2; m < marks; m++ {
			if !p.inRange(m, float64(got.mean[m])) {
				t.Fatalf("host %d: mean %d is %g, beyond what the training hosts show", host, m, got.mean[m])
			}
		}
		if !p.inRange(marks, math.Log(got.rows)) {
			t.Fatalf("host %d: %g rows a day, beyond what the training hosts show", host, got.rows)
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
		if again := p.draw(hostSeed(7, host), hostAt(7, host)); again != got {
			t.Fatalf("host %d: a second draw differs", host)
		}
	}
	if p.draw(hostSeed(7, 1), hostAt(7, 1)) == p.draw(hostSeed(7, 2), hostAt(7, 2)) || p.draw(hostSeed(7, 1), hostAt(7, 1)) == p.draw(hostSeed(8, 1), hostAt(8, 1)) {
		t.Error("two hosts or two seeds have one profile")
	}
}

// The places of a made server's and a made client's service in the marks.
const serverMark, clientMark = groupMarks, groupMarks + encode.Services

// madeDays are days of servers, which have three quarters of the rows on a local port, and as many of clients, which have
// them on a remote one.
func madeDays(n int) []plan {
	r := rand.New(rand.NewPCG(5, 6))
	days := make([]plan, n)
	for i := range days {
		d := &days[i]
		d.Rows = int32(math.Exp(5 + r.NormFloat64()))
		for m := range d.Mean {
			d.Mean[m] = 0.1
		}
		busy, idle := serverMark, clientMark
		if i%2 == 1 {
			busy, idle = idle, busy
		}
		d.Mean[0], d.Mean[busy], d.Mean[idle] = 0.9, float32(0.75+0.1*r.Float64()), float32(0.02*r.Float64())
		left := d.Rows
		for h := range 23 {
			d.HourRows[h] = int32(r.Int64N(int64(left) + 1))
			left -= d.HourRows[h]
		}
		d.HourRows[23] = left
	}
	return days
}

// Services below 1024 make up the rows on ports there, and keep their shares among each other.
func TestServicesMakeUpLowPorts(t *testing.T) {
	services := []int{53, 80, 443, 8080}
	for _, c := range []struct {
		name              string
		low               float32
		services, want    []float32
		local, withoutTCP bool
	}{
		{"too rare", 0.6, []float32{0.2, 0.1, 0, 0.1}, []float32{0.4, 0.2, 0, 0.1}, true, false},
		{"too frequent", 0.3, []float32{0.2, 0.2, 0.2, 0.1}, []float32{0.1, 0.1, 0.1, 0.1}, false, false},
		{"far too rare", 0.8, []float32{0.1, 0, 0, 0}, []float32{0.4, 0, 0, 0}, true, false},
		{"none", 0.8, []float32{0, 0, 0, 0.1}, []float32{0, 0, 0, 0.1}, false, false},
		{"no ports", 0, []float32{0.1, 0, 0, 0}, []float32{0, 0, 0, 0}, true, true},
	} {
		p := profile{}
		if !c.withoutTCP {
			p.mean[0] = 0.9
		}
		p.mean[noService] = p.mean[0]
		side := 1
		if c.local {
			side = 0
		}
		at := p.mean[groupMarks+side*encode.Services:]
		copy(at, c.services)
		p.mean[lowPorts+side] = c.low
		p.matchServices(services)
		for i, want := range c.want {
			if math.Abs(float64(at[i]-want)) > 1e-6 {
				t.Errorf("%s: service %d has a share of %g, want %g", c.name, services[i], at[i], want)
			}
		}
	}
}

// All flows but those without a service have one on one side, at least.
func TestServicesReachAllFlowsThatHaveSome(t *testing.T) {
	services := []int{53, 80, 443, 8080}
	for name, c := range map[string]struct {
		none, local, remote, high     float32 // drawn: without service, ports below 1024, 8080 as a local port
		wantNone, wantLocal, wantHigh float32
	}{
		"half too few":   {0.1, 0.2, 0.15, 0.05, 0.1, 0.4, 0.1},
		"enough":         {0.1, 0.5, 0.3, 0.1, 0.1, 0.5, 0.1},
		"far too few":    {0.1, 0.1, 0, 0, 0.5, 0.4, 0},
		"nothing at all": {0.1, 0, 0, 0, 0.1, 0, 0},
	} {
		p := profile{}
		p.mean[0], p.mean[noService] = 0.9, c.none
		p.mean[lowPorts], p.mean[lowPorts+1] = c.local, c.remote
		p.services(0)[3] = c.high
		p.matchServices(services)
		for what, x := range map[string][2]float32{
			"flows without service": {p.mean[noService], c.wantNone}, "low ports": {p.mean[lowPorts], c.wantLocal}, "8080": {p.services(0)[3], c.wantHigh},
		} {
			if math.Abs(float64(x[0]-x[1])) > 1e-6 {
				t.Errorf("%s: %s have a share of %g, want %g", name, what, x[0], x[1])
			}
		}
	}
}

func TestADrawnHostIsOfOneKind(t *testing.T) {
	const draws = 1000
	p, err := fitProfiles(madeDays(64))
	if err != nil {
		t.Fatal(err)
	}
	servers := 0
	for host := range draws {
		mean := p.draw(hostSeed(1, host), hostAt(1, host)).mean
		server, client := mean[serverMark], mean[clientMark]
		if min(server, client) > 0.1 || max(server, client) < 0.1 {
			t.Fatalf("host %d has %.2f of its rows on the server's port and %.2f on the client's, want one of both to be low", host,
				server, client)
		}
		if server > client {
			servers++
		}
	}
	if servers < draws/2-10 || servers > draws/2+10 {
		t.Errorf("%d of %d hosts are servers, want half, as in training", servers, draws)
	}
}

// Some labels are those of few hosts: as many drawn ones have them, and as much of them.
func TestLabelsAreAsCommonAmongDrawnHosts(t *testing.T) {
	const draws, label = 2000, ipv6Mark - labelMarks
	days := madeDays(64)
	for i := range days {
		days[i].Mean[label] = 0
		if i%8 < 2 {
			days[i].Mean[label] = 0.05 * float32(1+i%3)
		}
	}
	p, err := fitProfiles(days)
	if err != nil {
		t.Fatal(err)
	}
	hosts, share := 0, 0.0
	for host := range draws {
		if x := p.draw(hostSeed(1, host), hostAt(1, host)).mean[label]; x > 0 {
			hosts++
			share += float64(x) / draws
		}
	}
	// Quantiles are 1/64 apart: a draw between the last 0 and the first share is a little of it.
	if hosts < draws*23/100 || hosts > draws*28/100 || math.Abs(share-0.025) > 0.003 {
		t.Errorf("%d of %d hosts have the label, with a share of %.4f of all, want about a quarter and 0.025", hosts, draws, share)
	}
}

func TestFewHostsHoldEveryKindAndSize(t *testing.T) {
	const draws = 40
	p, err := fitProfiles(madeDays(64))
	if err != nil {
		t.Fatal(err)
	}
	middle := math.Exp(float64(p.quantiles[marks*profileQuantiles+profileQuantiles/2]))
	for seed := range uint64(50) {
		var servers, large int
		for host := range draws {
			h := p.draw(hostSeed(seed, host), hostAt(seed, host))
			if h.mean[serverMark] > h.mean[clientMark] {
				servers++
			}
			if h.rows > middle {
				large++
			}
		}
		// Independent draws would leave these bounds in a fifth of the seeds.
		if servers < 16 || servers > 24 || large < 16 || large > 24 {
			t.Errorf("seed %d: of %d hosts %d are servers and %d larger than the middle, want about half", seed, draws, servers, large)
		}
	}
}

func TestNoKindIsAPortraitOfFewHosts(t *testing.T) {
	var points []role
	for i := range 40 {
		var x role
		x[i%3] = 5
		points = append(points, x)
	}
	for i := range leastHosts - 1 { // hosts that are like no other
		points[i][10] = 50 + 20*float64(i)
	}
	kind, kinds := cluster(points)
	sizes := make([]int, kinds)
	for _, k := range kind {
		sizes[k]++
	}
	if at := smallest(sizes); sizes[at] < leastHosts || kinds < 3 {
		t.Errorf("kinds of %v hosts, want at least 3, each of at least %d", sizes, leastHosts)
	}
	if kind, kinds := cluster(points[:2]); kinds != 1 || kind[0] != 0 || kind[1] != 0 {
		t.Errorf("two hosts are of %d kinds, want 1", kinds)
	}
}

// fitDays fits profiles to what is drawn of days, all of them where hosts were seen themselves.
func fitDays(days []plan) (*Profiles, error) {
	draw := newDayDraw(mostDays, 1)
	for i := range days {
		draw.add(&days[i])
	}
	return draw.fit()
}

func TestHostsThatOnlyOthersHaveSeenHaveNoProfile(t *testing.T) {
	days := madeDays(20)
	for i := range 10 {
		days[i].Mean[internalMark] = 1
	}
	some, err := fitDays(days)
	if err != nil {
		t.Fatal(err)
	}
	want, _ := fitDays(days[10:])
	if !reflect.DeepEqual(some, want) {
		t.Error("days without an external remote change the profiles")
	}
	for i := range days {
		days[i].Mean[internalMark] = 1
	}
	if _, err := fitDays(days); err != nil {
		t.Errorf("hosts that talk to each other alone: %v", err)
	}
	if _, err := fitDays(nil); !errors.Is(err, ErrData) {
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
			m := &Model{profiles: fitted(t), Manifest: Manifest{Vocabulary: &encode.Vocabulary{}}}
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
				profile := m.profiles.draw(hostSeed(3, host), hostAt(3, host))
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
