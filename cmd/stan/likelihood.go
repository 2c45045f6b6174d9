package main

import (
	"fmt"
	"strings"

	"stan/torchmodel"
)

// likelihoodLines are the lines of the table of a model's likelihood. A recent conversation, peer or size fixes
// several attributes at once, which the baseline draws one by one: their sum compares.
var likelihoodLines = []struct {
	name  string
	heads []torchmodel.Head
	part  bool // of the line before, not of the sum
}{
	{"gap", []torchmodel.Head{torchmodel.Gap}, false},
	{"five-tuple", []torchmodel.Head{
		torchmodel.Conversation, torchmodel.Peer, torchmodel.Region, torchmodel.Place, torchmodel.Protocol,
		torchmodel.LocalPort, torchmodel.RemotePort,
	}, false},
	{"  conversation", []torchmodel.Head{torchmodel.Conversation}, true},
	{"  peer", []torchmodel.Head{torchmodel.Peer}, true},
	{"  address", []torchmodel.Head{torchmodel.Region, torchmodel.Place}, true},
	{"  protocol", []torchmodel.Head{torchmodel.Protocol}, true},
	{"  local port", []torchmodel.Head{torchmodel.LocalPort}, true},
	{"  remote port", []torchmodel.Head{torchmodel.RemotePort}, true},
	{"direction", []torchmodel.Head{torchmodel.Direction}, false},
	{"TCP flags", []torchmodel.Head{torchmodel.Flags}, false},
	{"ToS", []torchmodel.Head{torchmodel.ToS}, false},
	{"size", []torchmodel.Head{torchmodel.Repeat, torchmodel.Packets, torchmodel.Bytes}, false},
	{"  as before", []torchmodel.Head{torchmodel.Repeat}, true},
	{"  packets", []torchmodel.Head{torchmodel.Packets}, true},
	{"  bytes", []torchmodel.Head{torchmodel.Bytes}, true},
	{"duration", []torchmodel.Head{torchmodel.Duration}, false},
	{"label", []torchmodel.Head{torchmodel.Label}, false},
}

// likelihoodTable shows how likely the validation rows are under the model and under the independent baseline.
func likelihoodTable(m torchmodel.Manifest) string {
	if columns := m.Columns(); columns != nil {
		return columnLikelihoods(columns, m.Training)
	}
	return flowLikelihoods(m.Training)
}

// columnLikelihoods is the table of a model of columns. One without a likelihood has dashes.
func columnLikelihoods(columns []string, t torchmodel.Training) string {
	var b strings.Builder
	row := func(name, model, base string) { fmt.Fprintf(&b, "%-24s%10s%14s\n", name, model, base) }
	row("nats a row", "model", "independent")
	var model, base float64
	for _, c := range columns {
		x, known := t.ValidNLL[c]
		y, counted := t.BaselineNLL[c]
		row(c, nats(x, known), nats(y, counted))
		model, base = model+x, base+y
	}
	row("all", nats(model, t.ValidNLL != nil), nats(base, t.BaselineNLL != nil))
	return b.String()
}

// flowLikelihoods is the table of a model of flows by heads.
func flowLikelihoods(t torchmodel.Training) string {
	var b strings.Builder
	row := func(name, model, base string) { fmt.Fprintf(&b, "%-16s%10s%14s\n", name, model, base) }
	row("nats a row", "model", "independent")
	var model, base float64
	for _, line := range likelihoodLines {
		m, hasModel := sumOf(t.ValidNLL, line.heads)
		i, hasBase := sumOf(t.BaselineNLL, line.heads)
		row(line.name, nats(m, hasModel), nats(i, hasBase))
		if !line.part {
			model, base = model+m, base+i
		}
	}
	row("all", nats(model, true), nats(base, true))
	return b.String()
}

func sumOf(nll map[string]float64, heads []torchmodel.Head) (sum float64, any bool) {
	for _, h := range heads {
		x, ok := nll[h.String()]
		sum, any = sum+x, any || ok
	}
	return sum, any
}

func nats(x float64, known bool) string {
	if !known {
		return "-"
	}
	return fmt.Sprintf("%.3f", x)
}
