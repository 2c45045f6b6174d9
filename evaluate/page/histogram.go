package page

import (
	"html/template"
	"math"

	"stan/evaluate"
)

// Margins of a drawing with axes, px.
const (
	marginLeft   = 46.
	marginRight  = 10.
	marginTop    = 24. // the vertical axis' title stands in it
	marginBottom = 40.
)

// drawCurves draws the values behind a measure in the way that fits them.
func drawCurves(m *evaluate.Result) template.HTML {
	c := m.Curves
	switch {
	case len(c.Labels) > 0:
		return classes(m.PlainTitle(), counted(m), c)
	case len(c.At) == len(c.Real)+1 || len(c.At) == len(c.Synthetic)+1:
		return histogram(m.PlainTitle(), counted(m), c)
	default:
		return lines(m.PlainTitle(), c)
	}
}

// counted names what the shares are of.
func counted(m *evaluate.Result) string {
	if m.Family == evaluate.FamilyColumns {
		return "rows"
	}
	return "flows"
}

// histogram overlays shares by bin: real as an area, synthetic as a line, other real hosts as a thin one. Bins are
// equally wide on paper.
func histogram(title, things string, c *evaluate.Curves) template.HTML {
	const height = 200
	left, right := marginLeft, drawingWidth-marginRight
	top, bottom := marginTop, height-marginBottom
	d := newCanvas(drawingWidth, height, title+": shares of "+things+", real, synthetic and other real")
	n := len(c.At) - 1
	most := 0.
	for _, set := range [][]evaluate.Figure{c.Real, c.Synthetic, c.OtherReal} {
		for _, v := range set {
			most = max(most, float64(v))
		}
	}
	logarithmic := c.AtUnit == "ms" || c.AtUnit == "bytes" || c.AtUnit == "packets"
	y := linear(0, most*1.05, bottom, top)
	shares := plainTicks(0, most*1.05, 3, percentText)
	if logarithmic {
		y = root(most*1.05, bottom, top)
		shares = nil
		for _, v := range []float64{0, 0.1, 0.5, 0.01, 0.3, 0.03, 1, 0.001, 0.05, 0.2, 0.7, 0.005, 0.02} {
			shares = append(shares, tick{v, percentText(v)})
		}
		shares = fitting(shares, y, top, bottom, heightOf)
	}
	d.yAxis(shares, y, left, right, shareTitle(things, logarithmic))
	x := linear(0, float64(n), left, right)
	place := func(v float64) float64 {
		for i := range n {
			from, to := float64(c.At[i]), float64(c.At[i+1])
			if v >= from && v < to {
				return x(float64(i) + (v-from)/(to-from))
			}
		}
		if n > 0 && v == float64(c.At[n]) {
			return x(float64(n))
		}
		return math.Inf(1)
	}
	ticks := atTicks(c.AtUnit)
	if c.AtUnit == string(evaluate.Value) {
		ticks = plainTicks(float64(c.At[0]), float64(c.At[n]), 5, number)
	}
	d.xAxis(fitting(ticks, place, left, right, widthOf), place, bottom, left, right, atTitle(c, logarithmic))
	for _, set := range []struct {
		values []evaluate.Figure
		class  string
	}{{c.Real, "real area"}, {c.OtherReal, "other line"}, {c.Synthetic, "synthetic line"}} {
		var points [][2]float64
		for i, v := range set.values {
			points = append(points, [2]float64{x(float64(i)), y(float64(v))}, [2]float64{x(float64(i + 1)), y(float64(v))})
		}
		if set.class == "real area" && len(points) > 0 {
			points = append(append([][2]float64{{left, bottom}}, points...), [2]float64{right, bottom})
		}
		d.path(set.class, points, "")
	}
	d.line("axis", left, bottom, right, bottom)
	return d.finish()
}

func shareTitle(things string, rooted bool) string {
	text := "% of " + things
	if rooted {
		return text + ", root scale"
	}
	return text
}

// atTitle names the horizontal axis.
func atTitle(c *evaluate.Curves, logarithmic bool) string {
	text := c.Axis
	switch {
	case c.AtUnit == "ms" && logarithmic:
		return text + ", log scale"
	case logarithmic && c.AtUnit == text:
		return text + ", log scale"
	case logarithmic:
		return text + " (" + c.AtUnit + "), log scale"
	case c.AtUnit == "" || c.AtUnit == "h" || c.AtUnit == string(evaluate.Value):
		return text
	default:
		return text + " (" + c.AtUnit + ")"
	}
}

// yAxis draws horizontal lines with their labels, and the axis' title above.
func (c *canvas) yAxis(ticks []tick, y scale, left, right float64, title string) {
	for _, t := range ticks {
		c.line("grid", left, y(t.at), right, y(t.at))
		c.text("tick end", left-6, y(t.at)+4, t.text)
	}
	c.text("title start", 0, 11, title)
}

// xAxis draws ticks with their labels, and the axis' title below.
func (c *canvas) xAxis(ticks []tick, x scale, bottom, left, right float64, title string) {
	for _, t := range ticks {
		c.line("axis", x(t.at), bottom, x(t.at), bottom+4)
		text := x(t.at)
		text = min(text, right-textWidth(t.text)/2+6) // the last one stays inside
		c.text("tick middle", text, bottom+16, t.text)
	}
	c.text("title middle", (left+right)/2, bottom+34, title)
}
