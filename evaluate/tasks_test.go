package evaluate

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

func compareTasks(t *testing.T, real, synthetic, train []dataset.Flow) *Report {
	t.Helper()
	defer only(nil, tasks, nil)()
	return compareAll(t, real, synthetic, train)
}

func TestTaskModelsLearnLittleFromSpoiltRows(t *testing.T) {
	train, real := office(1, 1, 24, 600), office(1, 2, 16, 600)
	spoil := func(change func(host []dataset.Flow, r *rand.Rand)) []dataset.Flow {
		flows := office(1, 3, 24, 600)
		r := rand.New(rand.NewPCG(1, 2))
		for host := range hostsOf(flows) {
			change(host, r)
		}
		return flows
	}
	for name, tc := range map[string]struct {
		synthetic []dataset.Flow
		want      map[string]Verdict
	}{
		"other hosts": {office(1, 3, 24, 600), map[string]Verdict{"protocol_f1_loss": AsReal, "bytes_mse_loss": AsReal}},
		"protocols dealt anew": {spoil(func(host []dataset.Flow, r *rand.Rand) {
			r.Shuffle(len(host), func(i, j int) { host[i].Proto, host[j].Proto = host[j].Proto, host[i].Proto })
		}), map[string]Verdict{"protocol_f1_loss": Apart}},
		"bytes dealt anew": {spoil(func(host []dataset.Flow, r *rand.Rand) {
			r.Shuffle(len(host), func(i, j int) { host[i].Bytes, host[j].Bytes = host[j].Bytes, host[i].Bytes })
		}), map[string]Verdict{"protocol_f1_loss": AsReal, "bytes_mse_loss": Apart}},
	} {
		t.Run(name, func(t *testing.T) {
			report := compareTasks(t, real, tc.synthetic, train)
			for measure, want := range tc.want {
				if m := report.Measure(measure); m.Verdict != want {
					t.Errorf("%s: real %g, synthetic %g, limit %g, %s, want %s", measure, m.Real, m.Synthetic, m.Limit, m.Verdict, want)
				}
			}
			for _, c := range report.Tasks {
				m := report.Measure(c.Measure)
				if len(c.Shares) != 5 || len(c.Mean) != 5 || len(c.SD) != 5 {
					t.Fatalf("%s: curves %+v, want five shares", c.Name, c)
				}
				if lost := math.Abs(float64(c.Mean[0] - c.Mean[4])); math.Abs(lost-math.Abs(float64(m.Difference))) > 1e-12 {
					t.Errorf("%s: the curve falls by %g, the measure says %g", c.Name, lost, m.Difference)
				}
			}
		})
	}
}

func TestAClassifierDoesNotSeeWhatItShouldTell(t *testing.T) {
	var s sample
	for i := range 400 { // protocols at random, all else equal
		r := sampledRow{at: int64(i)}
		r.Proto = []uint8{protoTCP, protoUDP, protoICMP}[rand.New(rand.NewPCG(1, uint64(i))).IntN(3)]
		r.TCPFlags, r.Packets, r.remote = r.Proto, 1, testAddr("192.0.2.1")
		r.host = int32(i / 100)
		if s.rows = append(s.rows, r); i%100 == 0 {
			s.hosts = append(s.hosts, testAddr("10.1.0.1"))
		}
	}
	scores := tasks[0].try(&sampled{real: &s, synthetic: &s, train: &s}, 1)
	if f1 := scores.byShare[0]; f1 > 0.6 {
		t.Errorf("macro F1 %g where nothing but the protocol and flags tells it, want about a third", f1)
	}
}

func TestTasksWithoutRowsHaveNoData(t *testing.T) {
	report := compareTasks(t, office(1, 1, 1, 90), office(1, 2, 4, 90), nil)
	for _, m := range report.Measures {
		if m.Family == familyTasks && m.Verdict != NoData {
			t.Errorf("%s: one real host: %s, want %s", m.Name, m.Verdict, NoData)
		}
	}
}

func TestSetsOfOneProtocolAreCompared(t *testing.T) {
	udp := func(net byte) []dataset.Flow {
		flows := office(1, net, 8, 60)
		for i := range flows {
			flows[i].Proto, flows[i].TCPFlags = protoUDP, 0
		}
		return flows
	}
	report := compareTasks(t, udp(1), udp(2), udp(3))
	if m := report.Measure("js_protocol"); m.Difference != 0 || m.Verdict != AsReal {
		t.Errorf("js_protocol: %g, %s, want 0, %s", m.Difference, m.Verdict, AsReal)
	}
	// One class is told without fault, by whatever model.
	if m := report.Measure("protocol_f1_loss"); m.Difference != 0 || m.Verdict != AsReal {
		t.Errorf("protocol_f1_loss: %g, %s, want 0, %s", m.Difference, m.Verdict, AsReal)
	}
}

func TestWhatSamplesShowIsDocumented(t *testing.T) {
	document, err := os.ReadFile("../docs/format/evaluation.md")
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Clone(attackNames)
	for _, t := range tasks {
		names = append(names, t.measure)
	}
	for _, name := range append(names, "membership_likelihood_auc", nllName) {
		if !strings.Contains(string(document), "`"+name+"`") {
			t.Errorf("%s is not in docs/format/evaluation.md", name)
		}
	}
}
