package page

import (
	"html/template"
	"math"

	"stan/evaluate"
)

// attributesShown is how many attributes of a discriminator are drawn.
const attributesShown = 7

// discriminator draws how well a classifier tells synthetic from real, fold by fold beside what it does on other real
// hosts, and the attributes that it tells them by.
func discriminator(m *evaluate.Result) template.HTML {
	const (
		labels, values = 158., 50.
		stripTop       = 22.
		stripBottom    = 46.
		barsTop        = 122.
		row            = 20.
	)
	attributes := m.Discriminator.Attributes
	attributes = attributes[:min(attributesShown, len(attributes))]
	d := newCanvas(drawingWidth, barsTop+row*float64(len(attributes))+8, m.PlainTitle()+": area under the curve by fold, and attributes")

	low := 0.5
	for _, f := range append(m.Discriminator.Folds, m.Synthetic) {
		for float64(f) < low-0.02 {
			low -= 0.1
		}
	}
	x := linear(low, 1, 12, drawingWidth-14)
	middle := (stripTop + stripBottom) / 2
	for _, t := range plainTicks(low, 1, int(math.Round(10*(1-low))), number) {
		d.line("grid", x(t.at), stripTop, x(t.at), stripBottom)
		d.text("tick middle", x(t.at), stripBottom+15, t.text)
	}
	d.text("title middle", x((1+low)/2), stripBottom+32, "AUC: 0.5 cannot tell, 1 always tells")
	if limit := float64(m.Limit); !math.IsNaN(limit) {
		end := x(min(0.5+limit, 1))
		d.rect("within", x(0.5), middle-6, end-x(0.5), 12)
		d.text("tick start", x(0.5), 12, "as real")
	}
	for _, f := range m.Discriminator.Folds {
		d.circle("fold", x(float64(f)), middle, 3)
	}
	if auc := float64(m.Synthetic); !math.IsNaN(auc) {
		at := x(auc)
		label := max(at, x(0.5)+textWidth("as real")) + 5
		d.line("synthetic mean", at, stripTop-4, at, stripBottom+2)
		side := "start"
		if auc > 0.9 {
			side, label = "end", at-5
		}
		d.text("name synthetic "+side, label, 12, evaluate.Number.Text(m.Synthetic))
	}

	if len(attributes) == 0 {
		return d.finish()
	}
	d.text("title start", 0, barsTop-9, "told by, % of what the trees gain")
	bars := linear(0, float64(attributes[0].Share), labels, drawingWidth-values)
	for i, a := range attributes {
		y := barsTop + row*float64(i)
		d.text("tick end", labels-6, y+14, attributeName(a.Name))
		d.rect("synthetic bar", labels, y+5, bars(float64(a.Share))-labels, 10)
		d.text("tick start", bars(float64(a.Share))+5, y+14, evaluate.Share.Text(a.Share))
	}
	d.line("axis", labels, barsTop+1, labels, barsTop+row*float64(len(attributes))+1)
	return d.finish()
}
