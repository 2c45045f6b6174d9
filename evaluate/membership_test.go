package evaluate

import (
	"bytes"
	"math/rand/v2"
	"strings"
	"testing"
)

// A model that has learnt nothing finds some hosts likelier than others; among few, training hosts may happen to be those.
func TestAWideMembershipIntervalIsSaidAndNoAlarm(t *testing.T) {
	scores := func(seed uint64, hosts int) []hostScore {
		r := rand.New(rand.NewPCG(seed, 1))
		list := make([]hostScore, hosts)
		for i := range list {
			list[i] = hostScore{rows: 100, scored: 100, nats: []float64{100 * (20 + 5*r.NormFloat64())}}
		}
		return list
	}
	wide := 0
	for seed := range uint64(50) {
		m := membershipByLikelihood(scores(2*seed+1, 4), scores(2*seed+2, 4), seed)
		if m.Verdict == Apart {
			t.Errorf("seed %d: AUC %.2f of 4 hosts against 4: %s, limit %.2f", seed, m.Synthetic, m.Verdict, m.Limit)
		}
		if m.Synthetic >= 0.65 && m.Interval.High-m.Interval.Low > 0.4 {
			wide++
		}
		report := &Report{Findings: Findings{Measures: []Result{m}}}
		var text bytes.Buffer
		if err := report.WriteTable(&text, tableWidth); err != nil {
			t.Fatal(err)
		}
		if want := m.Unit.Text(m.Interval.Low) + " to " + m.Unit.Text(m.Interval.High) + " with a probability of 95 %"; !strings.Contains(text.String(), want) {
			t.Fatalf("the table does not say %q:\n%s", want, text.String())
		}
		if alarm, _ := report.Privacy(); alarm == AlarmRaised {
			t.Errorf("seed %d: privacy alarm", seed)
		}
	}
	if wide == 0 {
		t.Error("no draw has an AUC of 0.65 or more: nothing was tried")
	}
}
