package evaluate

import (
	"math"
	"math/rand/v2"
	"testing"
)

// paretoVolumes draws n volumes from a power law of the given exponent above 1000 bytes, by hash of the address.
func paretoVolumes(seed uint64, n int, exponent float64) (hashes, bytes []uint64) {
	r := rand.New(rand.NewPCG(seed, 1))
	for range n {
		hashes = append(hashes, r.Uint64())
		bytes = append(bytes, uint64(1000*math.Pow(1-r.Float64(), -1/(exponent-1))))
	}
	return hashes, bytes
}

func TestTheExponentOfAPowerLawIsFound(t *testing.T) {
	for _, exponent := range []float64{1.5, 2, 3} {
		hashes, bytes := paretoVolumes(1, 200_000, exponent)
		var v volumeTally
		for i := range hashes {
			v.count(hashes[i], volume{bytes[i], 1})
		}
		if len(v.of) > maxVolumes {
			t.Fatalf("%d addresses held, want at most %d", len(v.of), maxVolumes)
		}
		// The standard deviation is (a-1)/sqrt(k), k being a tenth of at least maxVolumes/2 addresses.
		if got, off := v.exponent(), 4*(exponent-1)/math.Sqrt(maxVolumes/20); math.Abs(got-exponent) > off {
			t.Errorf("exponent %g: got %g, want it within %.2g", exponent, got, off)
		}
	}
	for name, bytes := range map[string]uint64{"equal volumes": 7, "no bytes": 0} {
		var v volumeTally
		for hash := range uint64(1000) {
			v.count(hash, volume{bytes, 1})
		}
		if got := v.exponent(); !math.IsNaN(got) {
			t.Errorf("%s: got exponent %g, want none", name, got)
		}
	}
}

func TestHeldAddressesDoNotDependOnTheOrder(t *testing.T) {
	hashes, bytes := paretoVolumes(2, 60_000, 2)
	var forward, back, parts volumeTally
	for i := range hashes {
		forward.count(hashes[i], volume{bytes[i], 1})
		j := len(hashes) - 1 - i
		back.count(hashes[j], volume{bytes[j], 1})
	}
	for start := 0; start < len(hashes); start += 6000 {
		var v volumeTally
		for i := start; i < start+6000; i++ {
			v.count(hashes[i], volume{bytes[i], 1})
		}
		parts.add(&v)
	}
	for name, other := range map[string]*volumeTally{"backwards": &back, "sum of parts": &parts} {
		if other.shrunk != forward.shrunk || len(other.of) != len(forward.of) || other.exponent() != forward.exponent() {
			t.Errorf("%s: %d addresses, exponent %v, want %d, %v", name, len(other.of), other.exponent(),
				len(forward.of), forward.exponent())
		}
	}
}

func TestAnAddressCountsForEveryHostThatMeetsIt(t *testing.T) {
	var train, few, many volumeTally
	train.count(1, volume{hosts: 3})
	for hosts, tally := range map[uint64]*volumeTally{2: &few, 40: &many} {
		for host := range hosts { // each meets what all do, and one address of its own
			tally.count(1, volume{hosts: 1})
			tally.count(100+host, volume{hosts: 1})
		}
	}
	if a, b := few.unseen(&train), many.unseen(&train); a != 0.5 || b != 0.5 {
		t.Errorf("2 hosts: %g unseen, 40 hosts: %g, want half of each host's", a, b)
	}
}

func TestUnseenAddressesAreCountedAmongThoseHeld(t *testing.T) {
	hashes, _ := paretoVolumes(3, 60_000, 2)
	var train, other volumeTally
	for i, hash := range hashes {
		if i < 40_000 {
			train.count(hash, volume{hosts: 1})
		}
		if i >= 20_000 {
			other.count(hash, volume{hosts: 1})
		}
	}
	if got := other.unseen(&train); math.Abs(got-0.5) > 0.03 { // of about 10,000: standard deviation 0.005
		t.Errorf("half are unseen: got %g, want 0.5 within 0.03", got)
	}
	if got := new(volumeTally).unseen(&train); !math.IsNaN(got) {
		t.Errorf("no addresses: got %g, want no figure", got)
	}
}
