package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// report is what this program reads of the JSON of stan evaluate, docs/format/evaluation.md.
type report struct {
	Real, Synthetic struct {
		Flows int64
		Hosts int
	}
	Measures []measure
	Tasks    []curve
}

type measure struct {
	Name       string
	Title      string
	Real       *float64
	Synthetic  *float64
	Difference *float64
	Curves     struct{ Real, Synthetic []float64 }
}

func (r *report) measure(name string) *measure {
	i := slices.IndexFunc(r.Measures, func(m measure) bool { return m.Name == name })
	if i < 0 {
		return nil
	}
	return &r.Measures[i]
}

func readReport(path string) (*report, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &report{}
	if err := json.Unmarshal(text, r); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return r, nil
}

// flows are the reports of all architectures.
type flows struct {
	folder  string
	steps   map[string]step
	reports map[string]*report
}

func flowsSection(folder string, steps map[string]step) (string, error) {
	f := &flows{folder, steps, map[string]*report{}}
	names := []string{"flows-train", "flows-unseen"}
	for _, arch := range architectures {
		r, err := readReport(filepath.Join(folder, "flows", arch+".json"))
		if err != nil {
			return "", err
		}
		f.reports[arch] = r
		names = append(names, "flows-"+arch+"-train", "flows-"+arch+"-generate", "flows-"+arch+"-evaluate")
	}
	var b strings.Builder
	first := f.reports[architectures[0]]
	b.WriteString("\n## Flows\n\nUGR'16, testdata/flows, split by hosts: every table compares with ")
	fmt.Fprintf(&b, "%d flows of %d hosts that no model has seen.\n", first.Real.Flows, first.Real.Hosts)
	fmt.Fprintf(&b, "Every model has generated %d flows of %d hosts. ", first.Synthetic.Flows, first.Synthetic.Hosts)
	b.WriteString("TCP flags, types of service and labels are no columns of the paper's:\n")
	b.WriteString("its networks and baselines but B1 leave them 0.\n")
	made(&b, steps, names...)
	for _, part := range []func(*strings.Builder) error{
		f.divergences, f.rules, f.autocorrelation, f.volumes, f.tasks, f.likelihood, f.speed,
	} {
		if err := part(&b); err != nil {
			return "", err
		}
	}
	return b.String(), nil
}

// values are one figure of every architecture, as cells and as scores.
func (f *flows) values(of func(*report) *float64, format string) (cells []string, scores map[string]float64) {
	scores = map[string]float64{}
	for _, arch := range architectures {
		v := of(f.reports[arch])
		if v == nil {
			cells = append(cells, "-")
			continue
		}
		scores[arch] = *v
		cells = append(cells, fmt.Sprintf(format, *v))
	}
	return cells, scores
}

func difference(name string) func(*report) *float64 {
	return func(r *report) *float64 {
		if m := r.measure(name); m != nil {
			return m.Difference
		}
		return nil
	}
}

// paperColumns are the attributes of the paper, in its order.
var paperColumns = []string{
	"hour", "gap", "protocol", "direction", "local_port", "remote_port", "octet1", "octet2", "octet3", "octet4", "packets", "bytes",
	"duration",
}

func (f *flows) divergences(b *strings.Builder) error {
	b.WriteString("\n### Each attribute\n\n")
	b.WriteString("Jensen-Shannon divergence from the unseen hosts in the paper's 304 bins, 0 to 1; less is better.\n")
	g := grid{head: append([]string{""}, architectures...)}
	for _, c := range paperColumns {
		cells, _ := f.values(difference("js_paper_"+c), "%.3f")
		g.add(strings.ReplaceAll(c, "_", " "), cells...)
	}
	cells, scores := f.values(difference("js_paper_mean"), "%.3f")
	g.add("**mean**", cells...)
	g.write(b)
	b.WriteString("\n" + comparison("mean", scores))
	return nil
}

// paperRules are the rules of the paper, as the report names what breaks them.
var paperRules = []struct{ name, about string }{
	{"rule_no_internal", "one address is internal"}, {"rule_web_not_tcp", "ports 80 and 443 are TCP"},
	{"rule_dns_not_udp", "port 53 is UDP"}, {"rule_source_multicast", "no multicast source"},
	{"rule_source_reserved", "no reserved source"}, {"rule_netbios_external", "no NetBIOS to or from outside"},
	{"rule_bytes_paper", "41 to 65536 bytes a packet"}, {"rule_one_packet_lasts", "one packet lasts 0 s"},
}

func (f *flows) rules(b *strings.Builder) error {
	b.WriteString("\n### Rules\n\nShare of flows that pass, in percent. The last line is how much more often than real flows ")
	b.WriteString("a set breaks a rule,\nin percentage points, mean over the rules.\n")
	g := grid{head: append([]string{"", "real"}, architectures...)}
	excess := map[string]float64{}
	for _, rule := range paperRules {
		passed := func(broken *float64) *float64 {
			if broken == nil {
				return nil
			}
			p := 100 * (1 - *broken)
			return &p
		}
		m := f.reports[architectures[0]].measure(rule.name)
		if m == nil {
			return fmt.Errorf("no measure %s in the report", rule.name)
		}
		cells, _ := f.values(func(r *report) *float64 { return passed(r.measure(rule.name).Synthetic) }, "%.2f")
		g.add(rule.about, append([]string{fmt.Sprintf("%.2f", *passed(m.Real))}, cells...)...)
		for _, arch := range architectures {
			m := f.reports[arch].measure(rule.name)
			excess[arch] += 100 * max(*m.Synthetic-*m.Real, 0) / float64(len(paperRules))
		}
	}
	cells := []string{"0"}
	for _, arch := range architectures {
		cells = append(cells, fmt.Sprintf("%.2f", excess[arch]))
	}
	g.add("**broken beyond real**", cells...)
	g.write(b)
	b.WriteString("\n" + comparison("excess", excess))
	return nil
}

func (f *flows) autocorrelation(b *strings.Builder) error {
	b.WriteString("\n### Autocorrelation of bytes\n\nOf ln bytes within a host, mean over hosts. ")
	b.WriteString("The last line is the mean absolute difference from real over lags 1 to 20.\n")
	g := grid{head: append([]string{"lag", "real"}, architectures...)}
	real := f.reports[architectures[0]].measure("acf_bytes")
	for _, lag := range []int{1, 2, 3, 5, 10, 20} {
		cells := []string{fmt.Sprintf("%.3f", real.Curves.Real[lag-1])}
		for _, arch := range architectures {
			cells = append(cells, fmt.Sprintf("%.3f", f.reports[arch].measure("acf_bytes").Curves.Synthetic[lag-1]))
		}
		g.add(fmt.Sprint(lag), cells...)
	}
	cells, scores := f.values(difference("acf_bytes"), "%.3f")
	g.add("**difference**", append([]string{"0"}, cells...)...)
	g.write(b)
	b.WriteString("\n" + comparison("difference", scores))
	return nil
}

func (f *flows) volumes(b *strings.Builder) error {
	m := f.reports[architectures[0]].measure("volume_exponent")
	if m == nil || m.Real == nil {
		return nil
	}
	b.WriteString("\n### Volume by address\n\nExponent of the power law of the bytes exchanged with a remote address, ")
	b.WriteString("over the largest tenth of the addresses.\n")
	g := grid{head: append([]string{"", "real"}, architectures...)}
	cells, scores := f.values(func(r *report) *float64 { return r.measure("volume_exponent").Synthetic }, "%.2f")
	g.add("exponent", append([]string{fmt.Sprintf("%.2f", *m.Real)}, cells...)...)
	g.write(b)
	for arch := range scores {
		scores[arch] = math.Abs(scores[arch] - *m.Real)
	}
	b.WriteString("\n" + comparison("error", scores))
	return nil
}

// likelihood compares the models that are trained on the paper's columns, whose unit is one.
func (f *flows) likelihood(b *strings.Builder) error {
	b.WriteString("\n### Likelihood\n\nNats a row of a held-out training host, of the paper's classes and bins of 1/200; ")
	b.WriteString("\"by itself\" draws every attribute from its\nmarginal in the same classes. ")
	b.WriteString("stan and independent tell the likelihood of exact rows, which does not compare (`stan inspect`).\n")
	archs := []string{"paper", "paper-small", "chain"}
	g := grid{head: append([]string{"", "by itself"}, archs...)}
	type training struct {
		Valid    map[string]float64 `json:"valid_nll"`
		Baseline map[string]float64 `json:"baseline_nll"`
	}
	models := map[string]training{}
	for _, arch := range archs {
		text, err := os.ReadFile(filepath.Join(f.folder, "flows", arch, "model.json"))
		if err != nil {
			return err
		}
		var m struct{ Training training }
		if err := json.Unmarshal(text, &m); err != nil {
			return err
		}
		models[arch] = m.Training
	}
	columns := slices.Clone(paperColumns)
	columns[1] = "delta"
	sums := make([]float64, 1+len(archs))
	line := func(name string, x []float64) {
		cells := make([]string, len(x))
		for i := range x {
			cells[i] = fmt.Sprintf("%.2f", x[i])
		}
		g.add(name, cells...)
	}
	for _, c := range columns {
		x := []float64{models[archs[0]].Baseline[c]}
		for _, arch := range archs {
			x = append(x, models[arch].Valid[c])
		}
		for i := range x {
			sums[i] += x[i]
		}
		line(strings.ReplaceAll(c, "_", " "), x)
	}
	line("**all**", sums)
	g.write(b)
	b.WriteString("\n" + comparison("nats", map[string]float64{"paper": sums[1], "paper-small": sums[2], "chain": sums[3]}))
	return nil
}
