package main

import (
	"fmt"
	"slices"
	"strings"
)

// curve is how well a task model does that was trained on rising shares of synthetic rows.
type curve struct {
	Name   string
	Metric string
	Shares []float64
	Mean   []*float64 // over seeds
	SD     []*float64
}

// higherIsBetter tells how a metric compares: F1 is a score, a squared error is not.
func (c *curve) higherIsBetter() bool { return strings.Contains(strings.ToLower(c.Metric), "f1") }

// tasks are the task models, where the report has them.
func (f *flows) tasks(b *strings.Builder) error {
	curves := f.reports[architectures[0]].Tasks
	if len(curves) == 0 {
		return nil
	}
	b.WriteString("\n### Task models\n\nTrained on rows of which a share is synthetic and the others are real, at one size; ")
	b.WriteString("tested on hosts that\nneither they nor the generators saw. ")
	b.WriteString("Mean and standard deviation over seeds (docs/format/evaluation.md).\n")
	for i, c := range curves {
		fmt.Fprintf(b, "\n%s, %s:\n", strings.ReplaceAll(c.Name, "_", " "), c.Metric)
		g := grid{head: append([]string{"synthetic rows"}, architectures...)}
		lost := map[string]float64{}
		for s, share := range c.Shares {
			var cells []string
			for _, arch := range architectures {
				of := f.reports[arch].Tasks
				if i >= len(of) || s >= len(of[i].Mean) || of[i].Mean[s] == nil {
					cells = append(cells, "-")
					continue
				}
				cell := fmt.Sprintf("%.4f", *of[i].Mean[s])
				if sd := of[i].SD; s < len(sd) && sd[s] != nil {
					cell += fmt.Sprintf(" ± %.4f", *sd[s])
				}
				cells = append(cells, cell)
			}
			g.add(fmt.Sprintf("%.0f %%", 100*share), cells...)
		}
		g.write(b)
		for _, arch := range architectures {
			of := f.reports[arch].Tasks
			if i >= len(of) || len(of[i].Mean) == 0 || slices.Contains(of[i].Mean, nil) {
				continue
			}
			lost[arch] = *of[i].Mean[len(of[i].Mean)-1] - *of[i].Mean[0]
			if c.higherIsBetter() {
				lost[arch] = -lost[arch]
			}
		}
		b.WriteString("\nWhat is lost from no synthetic rows to nothing else:\n\n" + comparison("loss", lost))
	}
	return nil
}
