package page

import (
	"cmp"
	"html/template"
	"math"
	"slices"

	"stan/evaluate"
)

// series is one line of a drawing.
type series struct {
	name, class string
	values      []float64
	spread      []float64 // half the height of the bar at each point; nil: none
}

// lines draws values at points, each line named at its end.
func lines(title string, c *evaluate.Curves) template.HTML {
	format := number
	unit := string(c.Unit)
	if c.Unit == evaluate.Share {
		format, unit = percentText, "% of a host's flows"
	}
	return drawLines(title, atTitle(c, false), unit, floats(c.At), format, []series{
		{name: "other real", class: "other", values: floats(c.OtherReal)},
		{name: "real", class: "real", values: floats(c.Real)},
		{name: "synthetic", class: "synthetic", values: floats(c.Synthetic)},
	})
}

func floats(f []evaluate.Figure) []float64 {
	x := make([]float64, len(f))
	for i := range f {
		x[i] = float64(f[i])
	}
	return x
}

// drawLines draws series over the same points, at least one.
func drawLines(title, xTitle, yTitle string, at []float64, format func(float64) string, all []series) template.HTML {
	const height = 200.
	names := 16. // room for the names of the lines
	if len(all) > 1 {
		names = 72
	}
	left, right := marginLeft, drawingWidth-names
	top, bottom := marginTop, height-marginBottom
	d := newCanvas(drawingWidth, height, title)
	all = slices.DeleteFunc(all, func(s series) bool { return len(s.values) == 0 })
	low, high := math.Inf(1), math.Inf(-1)
	for _, s := range all {
		for i, v := range s.values {
			half := 0.
			if s.spread != nil && !math.IsNaN(s.spread[i]) {
				half = s.spread[i]
			}
			if !math.IsNaN(v) {
				low, high = min(low, v-half), max(high, v+half)
			}
		}
	}
	if len(at) == 0 || low > high {
		d.text("title start", left, height/2, "nothing to draw")
		return d.finish()
	}
	if low > 0 && low < (high-low) {
		low = 0
	}
	pad := max((high-low)*0.06, math.Abs(high)*0.01, 1e-9)
	if low != 0 {
		low -= pad
	}
	high += pad
	y := linear(low, high, bottom, top)
	x := linear(at[0], at[len(at)-1], left+4, right-4)
	d.yAxis(fitting(plainTicks(low, high, 4, format), y, top, bottom, heightOf), y, left, right-4, yTitle)
	var ticks []tick
	for _, i := range []int{0, len(at) - 1, (len(at) - 1) / 2, (len(at) - 1) / 4, 3 * (len(at) - 1) / 4} {
		ticks = append(ticks, tick{at[i], number(at[i])})
	}
	d.xAxis(fitting(ticks, x, left, right, widthOf), x, bottom, left, right, xTitle)
	if low < 0 && high > 0 {
		d.line("axis", left, y(0), right-4, y(0))
	} else {
		d.line("axis", left, bottom, right-4, bottom)
	}
	for _, s := range all {
		var points [][2]float64
		for i, v := range s.values {
			if math.IsNaN(v) {
				continue
			}
			points = append(points, [2]float64{x(at[i]), y(v)})
			if s.spread != nil {
				d.line(s.class+" spread", x(at[i]), y(v-s.spread[i]), x(at[i]), y(v+s.spread[i]))
			}
		}
		d.path(s.class+" line", points, "")
	}
	d.lineNames(all, y, right, top, bottom)
	return d.finish()
}

// lineNames writes each line's name at its end, moved apart where they would touch.
func (c *canvas) lineNames(all []series, y scale, right, top, bottom float64) {
	const apart = 14.
	type label struct {
		series
		y float64
	}
	var labels []label
	for _, s := range all {
		if last := s.values[len(s.values)-1]; !math.IsNaN(last) {
			labels = append(labels, label{s, y(last)})
		}
	}
	slices.SortFunc(labels, func(a, b label) int { return cmp.Compare(a.y, b.y) })
	for i := range labels {
		if i > 0 {
			labels[i].y = max(labels[i].y, labels[i-1].y+apart)
		}
	}
	for i := len(labels) - 1; i >= 0; i-- {
		limit := bottom
		if i < len(labels)-1 {
			limit = labels[i+1].y - apart
		}
		labels[i].y = min(labels[i].y, limit)
	}
	for _, l := range labels {
		c.text("name start "+l.class, right+2, max(l.y, top)+4, l.name)
	}
}
