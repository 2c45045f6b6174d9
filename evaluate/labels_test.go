package evaluate

import (
	"math/rand/v2"
	"testing"

	"stan/dataset"
)

// labelled labels the flows of port 53 an attack, all others background.
func labelled(flows []dataset.Flow) []dataset.Flow {
	out := make([]dataset.Flow, len(flows))
	for i, f := range flows {
		f.Label = "background"
		if min(f.SrcPort, f.DstPort) == 53 {
			f.Label = "attack"
		}
		out[i] = f
	}
	return out
}

func TestLabelsAreComparedWithWhatTheyStandOn(t *testing.T) {
	real, other := labelled(office(1, 1, 12, 600)), labelled(office(1, 2, 12, 600))
	verdicts := func(synthetic []dataset.Flow) (share, traits Verdict) {
		r := compare(t, real, synthetic, nil)
		return r.Measure("js_label").Verdict, r.Measure("js_label_traits").Verdict
	}
	if share, traits := verdicts(other); share != AsReal || traits != AsReal {
		t.Errorf("other real hosts: %s and %s, want both %s", share, traits, AsReal)
	}

	// The same labels on other flows: as many, yet not those.
	anew := append([]dataset.Flow(nil), other...)
	order := rand.New(rand.NewPCG(1, 2)).Perm(len(anew))
	for i := range anew {
		anew[i].Label = other[order[i]].Label
	}
	if share, traits := verdicts(anew); share != AsReal || traits != Apart {
		t.Errorf("labels dealt anew: %s and %s, want %s and %s", share, traits, AsReal, Apart)
	}

	for i := range anew {
		anew[i].Label = "background"
	}
	if share, traits := verdicts(anew); share != Apart || traits != Apart {
		t.Errorf("no attack: %s and %s, want both %s", share, traits, Apart)
	}
}

func TestSetsWithoutLabelsAreNotComparedByThem(t *testing.T) {
	flows := office(1, 1, 4, 100)
	if m := compare(t, flows, flows, nil).Measure("js_label"); m != nil {
		t.Errorf("no label in either set: got %+v, want no measure", m)
	}
	if m := compare(t, flows, labelled(flows), nil).Measure("js_label"); m == nil {
		t.Error("labels in the synthetic set alone: got no measure")
	}
}

func TestManyLabelsTakeBoundedMemory(t *testing.T) {
	var tally labelTally
	for i := range 3 * mostTraits {
		tally.row(&row{Flow: dataset.Flow{Proto: protoTCP, TCPFlags: uint8(i), DstPort: uint16(i / 256), Label: "background"}})
	}
	if len(tally.rows) > mostTraits+1 {
		t.Errorf("%d traits of one label, want %d at most", len(tally.rows), mostTraits+1)
	}
	total := uint64(0)
	for _, n := range tally.rows {
		total += n
	}
	if total != 3*mostTraits {
		t.Errorf("%d rows are counted, want %d", total, 3*mostTraits)
	}
}
