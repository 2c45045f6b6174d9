package page

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strings"

	"stan/evaluate"
)

// heat draws the differences of a table of pairs, synthetic less real: blue where two attributes tell each other less than
// in real flows, vermilion where more.
func heat(p evaluate.PairTable) template.HTML {
	const (
		labels = 108.
		top    = 104.
		key    = 52.
	)
	rows, columns := p.Attributes, p.Attributes
	if p.Name == "same" { // each pair once: a triangle without its diagonal
		rows, columns = rows[1:], columns[:len(columns)-1]
	}
	skipped := len(p.Attributes) - len(rows)
	cell := (drawingWidth - labels) / float64(len(columns))
	bottom := top + cell*float64(len(rows))
	d := newCanvas(drawingWidth, bottom+key, "difference of mutual information, pair by pair")
	most := 0.05 // so that noise does not fill the map
	for i := range p.Real {
		for j := range p.Real[i] {
			if x := math.Abs(float64(p.Synthetic[i][j] - p.Real[i][j])); x > most {
				most = x
			}
		}
	}
	for i, name := range rows {
		d.text("tick end", labels-6, top+cell*(float64(i)+0.5)+4, attributeName(name))
	}
	for j, name := range columns {
		x, y := labels+cell*(float64(j)+0.5)+4, top-6.
		fmt.Fprintf(&d.b, `<text class="tick start" transform="translate(%s %s) rotate(-90)">%s</text>`,
			px(x), px(y), html.EscapeString(attributeName(name)))
	}
	for row := range rows {
		i := row + skipped
		for j := range columns {
			if skipped > 0 && j >= i {
				break
			}
			x := float64(p.Synthetic[i][j] - p.Real[i][j])
			class := "more"
			if x < 0 {
				class = "less"
			}
			if math.IsNaN(x) {
				class, x = "none", most
			}
			fmt.Fprintf(&d.b, `<rect class="cell %s" x="%s" y="%s" width="%s" height="%s" fill-opacity="%.3f"><title>%s</title></rect>`,
				class, px(labels+cell*float64(j)), px(top+cell*float64(row)), px(cell-1), px(cell-1), math.Abs(x)/most,
				html.EscapeString(fmt.Sprintf("%s and %s: real %.3f, synthetic %.3f", attributeName(rows[row]),
					attributeName(columns[j]), float64(p.Real[i][j]), float64(p.Synthetic[i][j]))))
		}
	}
	const steps = 9
	width := (drawingWidth - labels) / steps
	for k := range steps {
		x := float64(k-steps/2) / (steps / 2)
		class := "more"
		if x < 0 {
			class = "less"
		}
		fmt.Fprintf(&d.b, `<rect class="cell %s" x="%s" y="%s" width="%s" height="10" fill-opacity="%.3f"/>`,
			class, px(labels+width*float64(k)), px(bottom+12), px(width-1), math.Abs(x))
	}
	d.text("tick start", labels, bottom+36, number(-round(most, 2))+" weaker")
	d.text("tick middle", labels+(drawingWidth-labels)/2, bottom+36, "0")
	d.text("tick end", drawingWidth-1, bottom+36, "stronger +"+number(round(most, 2)))
	d.text("title end", labels-6, bottom+21, "synthetic is")
	return d.finish()
}

// attributeName writes the name of an attribute as a reader would.
func attributeName(name string) string {
	if title := attributeNames[name]; title != "" {
		return title
	}
	return strings.ReplaceAll(name, "_", " ")
}

var attributeNames = map[string]string{"tcp_flags": "TCP flags", "tos": "ToS", "octet1": "remote octet 1",
	"octet2": "remote octet 2", "octet3": "remote octet 3", "octet4": "remote octet 4", "bytes_per_packet": "bytes a packet"}

func round(x float64, digits int) float64 {
	scale := math.Pow(10, float64(digits))
	return math.Round(x*scale) / scale
}
