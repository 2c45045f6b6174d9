package main

import (
	"fmt"
	"strings"
)

// grid is a table of Markdown: a line a measure, a column a set of rows.
type grid struct {
	head  []string
	lines [][]string
}

func (g *grid) add(name string, cells ...string) {
	g.lines = append(g.lines, append([]string{name}, cells...))
}

func (g *grid) write(b *strings.Builder) {
	row := func(cells []string) { fmt.Fprintf(b, "| %s |\n", strings.Join(cells, " | ")) }
	b.WriteString("\n")
	row(g.head)
	b.WriteString("|---|" + strings.Repeat("---:|", len(g.head)-1) + "\n")
	for _, l := range g.lines {
		row(l)
	}
}

// networks are those that the paper's claim is about; all others are its baselines.
var networks = []string{"stan", "paper", "paper-small"}

// comparison says in words which baselines do worse than each network. scores are errors: less is better. An architecture
// without a score is left out.
func comparison(what string, scores map[string]float64) string {
	var b strings.Builder
	for _, network := range networks {
		own, ok := scores[network]
		if !ok {
			continue
		}
		var worse, not []string
		for _, baseline := range architectures[len(networks):] {
			switch s, ok := scores[baseline]; {
			case !ok:
			case s > own:
				worse = append(worse, baseline)
			default:
				not = append(not, baseline)
			}
		}
		fmt.Fprintf(&b, "- **%s** (%s %.3g): ", network, what, own)
		switch {
		case len(not) == 0:
			fmt.Fprintf(&b, "every baseline is worse (%s).\n", listed(worse, scores))
		case len(worse) == 0:
			fmt.Fprintf(&b, "**no baseline is worse** (%s).\n", listed(not, scores))
		default:
			fmt.Fprintf(&b, "worse are %s; **not worse: %s**.\n", listed(worse, scores), listed(not, scores))
		}
	}
	return b.String()
}

func listed(names []string, scores map[string]float64) string {
	var out []string
	for _, n := range names {
		out = append(out, fmt.Sprintf("%s %.3g", n, scores[n]))
	}
	return strings.Join(out, ", ")
}
