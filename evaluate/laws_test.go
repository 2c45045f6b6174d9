package evaluate

import (
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"stan/dataset"
)

// moved returns the names of the measures whose difference is above 1e-9.
func moved(r *Report) []string {
	var names []string
	for _, m := range r.Measures {
		if m.Difference > 1e-9 {
			names = append(names, m.Name)
		}
	}
	return names
}

func TestASetIsItself(t *testing.T) {
	flows := office(1, 1, 12, 400)
	if names := moved(compare(t, flows, flows, nil)); len(names) > 0 {
		t.Errorf("a set against itself: differences in %v, want none", names)
	}
}

func TestRealHostsAreAsReal(t *testing.T) {
	report := compare(t, office(1, 1, 12, 400), office(1, 2, 20, 400), office(1, 3, 24, 400))
	if v := report.Verdicts; v.Apart > 0 || v.Near > v.AsReal/6 {
		t.Errorf("other hosts of the same kind: %+v, %v apart, want none apart and at most one in seven near: they follow from the same hosts", v, report.Furthest)
	}
	if report.Floor.From != FromTrain || report.Floor.Hosts != 20 {
		t.Errorf("floor: got %+v, want draws of 20 training hosts", report.Floor)
	}
}

// Where values move but rows keep their order and time, only what looks at those values may change; and so on.
func TestMeasuresSeeWhatIsTheirs(t *testing.T) {
	attributes := []string{"js_mean", "js_paper_mean"}
	order := []string{"run_remote", "run_service", "run_protocol", "repeat_service_1", "repeat_protocol_1",
		"pairs_same", "pairs_lag", "acf_bytes", "js_gap_tie", "temporal_mean", "repeat_remote_1", "repeat_remote_5",
		"repeat_remote_20", "reverse_previous", "repeat_conversation_16", "direction_flips"}
	hours := []string{"hour_shares", "js_hour", "js_paper_hour", "hour_profile", "temporal_mean", "js_mean", "js_paper_mean"}
	tests := map[string]struct {
		change func(host []dataset.Flow, r *rand.Rand)
		may    []string // measures that may change
		must   []string // measures that must change
	}{
		"rows dealt anew over the host's times": {dealAnew, order, []string{"acf_bytes", "repeat_remote_1", "reverse_previous"}},
		"times six hours later": {func(host []dataset.Flow, _ *rand.Rand) {
			for i := range host {
				host[i].Start += 6 * microsPerHour
				host[i].End += 6 * microsPerHour
			}
		}, hours, []string{"js_hour", "js_paper_hour", "hour_profile"}},
		"times of another year": {func(host []dataset.Flow, _ *rand.Rand) {
			for i := range host {
				host[i].Start += 5 * 365 * 24 * microsPerHour
				host[i].End += 5 * 365 * 24 * microsPerHour
			}
		}, nil, nil},
		"other flags": {func(host []dataset.Flow, _ *rand.Rand) {
			for i := range host {
				host[i].TCPFlags |= 64
			}
		}, append([]string{"js_tcp_flags", "rule_flags_not_tcp", "rules_excess"}, attributes...), []string{"js_tcp_flags"}},
		"gaps drawn anew": {gapsAnew, append([]string{"js_gap", "js_paper_gap", "acf_gaps", "host_hour_dispersion",
			"js_gap_tie", "pairs_same", "pairs_lag", "emd_gap", "emd_mean", "session_flows", "sessions_per_host", "ks_sessions"}, append(hours, attributes...)...), []string{"acf_gaps"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			real := office(1, 1, 12, 400)
			changed := slices.Clone(real)
			r := rand.New(rand.NewPCG(1, 2))
			for host := range hostsOf(changed) {
				tc.change(host, r)
			}
			names := moved(compare(t, real, changed, nil))
			for _, n := range names {
				family, _, _ := strings.Cut(n, "_") // each attribute's mutual information is part of that of all
				if !slices.Contains(tc.may, n) && !(family == "pairs" && slices.Contains(tc.may, "pairs_same")) {
					t.Errorf("%s differs, want none but %v", n, tc.may)
				}
			}
			for _, n := range tc.must {
				if !slices.Contains(names, n) {
					t.Errorf("%s does not differ, want it to; what does: %v", n, names)
				}
			}
		})
	}
}

// hostsOf yields the rows of each host.
func hostsOf(flows []dataset.Flow) func(func([]dataset.Flow) bool) {
	return func(yield func([]dataset.Flow) bool) {
		for len(flows) > 0 {
			end := slices.IndexFunc(flows, func(f dataset.Flow) bool { return f.Host != flows[0].Host })
			if end < 0 {
				end = len(flows)
			}
			if !yield(flows[:end]) {
				return
			}
			flows = flows[end:]
		}
	}
}

// dealAnew shuffles a host's rows among its end times.
func dealAnew(host []dataset.Flow, r *rand.Rand) {
	r.Shuffle(len(host), func(i, j int) {
		a, b := &host[i], &host[j]
		lastsA, lastsB := a.End-a.Start, b.End-b.Start
		*a, *b = *b, *a
		a.End, b.End = b.End, a.End
		a.Start, b.Start = a.End-lastsB, b.End-lastsA
	})
}

// gapsAnew shuffles a host's gaps among its rows.
func gapsAnew(host []dataset.Flow, r *rand.Rand) {
	gaps := make([]int64, len(host)-1)
	for i := range gaps {
		gaps[i] = host[i+1].End - host[i].End
	}
	r.Shuffle(len(gaps), func(i, j int) { gaps[i], gaps[j] = gaps[j], gaps[i] })
	for i, gap := range gaps {
		lasts := host[i+1].End - host[i+1].Start
		host[i+1].End = host[i].End + gap
		host[i+1].Start = host[i+1].End - lasts
	}
}

func TestRuleBreaksAreCountedExactly(t *testing.T) {
	breaks := map[string]func(*dataset.Flow){
		"rule_web_not_tcp":      func(f *dataset.Flow) { f.Proto, f.SrcPort, f.TCPFlags = protoUDP, 443, 0 },
		"rule_source_multicast": func(f *dataset.Flow) { f.SrcAddr = testAddr("224.0.0.5") },
		"rule_source_reserved":  func(f *dataset.Flow) { f.SrcAddr = testAddr("255.1.2.3") },
		"rule_no_packets":       func(f *dataset.Flow) { f.Packets = 0 },
		"rule_bytes_header":     func(f *dataset.Flow) { f.Bytes = 19 * f.Packets },
		"rule_bytes_maximum":    func(f *dataset.Flow) { f.Bytes = 65536 * f.Packets },
		"rule_one_packet_lasts": func(f *dataset.Flow) { f.Packets, f.Start = 1, f.End-1 },
		"rule_ports_without":    func(f *dataset.Flow) { f.Proto, f.SrcPort = 47, 9 },
		"rule_port_zero":        func(f *dataset.Flow) { f.SrcPort = 0 },
		"rule_flags_not_tcp":    func(f *dataset.Flow) { f.Proto, f.TCPFlags = protoUDP, 16 },
		"rule_syn_and_end":      func(f *dataset.Flow) { f.Proto, f.Packets, f.TCPFlags = protoTCP, 1, 3 },
		"rule_ip_versions":      func(f *dataset.Flow) { f.Proto, f.SrcPort, f.DstPort, f.TCPFlags = protoICMPv6, 0, 0, 0 },
		"rule_to_itself":        func(f *dataset.Flow) { f.SrcAddr, f.DstAddr = f.Host, f.Host },
	}
	real := office(1, 1, 10, 300)
	for name, broken := range breaks {
		t.Run(name, func(t *testing.T) {
			changed := slices.Clone(real)
			for i := 7; i < len(changed); i += 100 {
				broken(&changed[i])
			}
			m := compare(t, real, changed, nil).Measure(name)
			if m.Synthetic-m.Real != 0.01 || m.Difference != 0.01 {
				t.Errorf("1 %% of rows broken: got %g against %g, difference %g, want 0.01 more", m.Synthetic, m.Real, m.Difference)
			}
			if m.Verdict != Near && m.Verdict != Apart {
				t.Errorf("verdict: got %s, want %s or %s", m.Verdict, Near, Apart)
			}
			if m := compare(t, changed, real, nil).Measure(name); m.Difference != 0 || m.Verdict != AsReal {
				t.Errorf("real breaks it, synthetic does not: difference %g, %s, want 0, %s", m.Difference, m.Verdict, AsReal)
			}
		})
	}
}

func TestCopiesOfTrainingRowsAreFound(t *testing.T) {
	train, real, synthetic := office(1, 1, 12, 1000), office(1, 2, 12, 1000), office(1, 3, 12, 1000)
	m := compare(t, real, synthetic, train).Measure("copy_share")
	if m.Synthetic > 0.001 || m.Verdict != AsReal {
		t.Errorf("other hosts: got share %g, %s, want 0, %s", m.Synthetic, m.Verdict, AsReal)
	}
	for i := 0; i < len(synthetic); i += 100 { // copies bear the address of the new host and another time
		f := asOf(train[i], synthetic[i].Host)
		f.Start, f.End = synthetic[i].End-(f.End-f.Start), synthetic[i].End
		synthetic[i] = f
	}
	report := compare(t, real, synthetic, train)
	m = report.Measure("copy_share")
	if math.Abs(float64(m.Synthetic)-0.01) > 0.002 || m.Verdict != Apart {
		t.Errorf("1 %% copies: got share %g, %s, want 0.01 within 0.002, %s", m.Synthetic, m.Verdict, Apart)
	}
	if len(report.Notes) == 0 {
		t.Error("1 % copies: no note, want a warning before sharing")
	}
	report = compare(t, real, train, train)
	if m := report.Measure("copy_share"); m.Synthetic < 0.99 || m.Verdict != Apart {
		t.Errorf("training rows as synthetic: got share %g, %s, want above 0.99, %s", m.Synthetic, m.Verdict, Apart)
	}
}

func TestFlatHoursCorrelateWithNothing(t *testing.T) {
	var flat []dataset.Flow // one flow an hour
	for hour := range int64(hoursPerDay) {
		end := testDay + hour*microsPerHour
		flat = append(flat, dataset.Flow{Host: testAddr("10.1.0.1"), SrcAddr: testAddr("10.1.0.1"),
			DstAddr: testAddr("192.0.2.1"), Start: end, End: end, Proto: protoICMP, Packets: 1, Bytes: 60})
	}
	busy := office(1, 1, 4, 200)
	for name, tc := range map[string]struct {
		real, synthetic []dataset.Flow
		want            Figure
	}{
		"flat and flat": {flat, flat, 0},
		"flat and busy": {flat, busy, 1},
		"busy and flat": {busy, flat, 1},
	} {
		t.Run(name, func(t *testing.T) {
			if got := compare(t, tc.real, tc.synthetic, nil).Measure("hour_profile").Difference; got != tc.want {
				t.Errorf("got %g, want %g", got, tc.want)
			}
		})
	}
}

func TestTimesBefore1970HaveAnHour(t *testing.T) {
	for end, want := range map[int64]int{0: 0, -1: 23, -microsPerHour: 23, -microsPerHour - 1: 22, microsPerHour: 1} {
		r := row{Flow: dataset.Flow{End: end}}
		if got := r.hour(); got != want {
			t.Errorf("end %d µs: hour %d, want %d", end, got, want)
		}
	}
}
