package page

import (
	"html/template"

	"stan/evaluate"
)

// classes draws shares by class, a row each: real as a broad bar, synthetic as a thin one in it, other real hosts as a
// mark.
func classes(title, things string, c *evaluate.Curves) template.HTML {
	const (
		row    = 18.
		labels = 104.
		values = 128. // two columns
		column = 66.
	)
	top := marginTop
	bottom := top + row*float64(len(c.Labels))
	d := newCanvas(drawingWidth, bottom+marginBottom, title+": shares of "+things+" by class, real, synthetic and other real")
	most := 0.
	for _, set := range [][]evaluate.Figure{c.Real, c.Synthetic, c.OtherReal} {
		for _, v := range set {
			most = max(most, float64(v))
		}
	}
	left, right := labels, drawingWidth-values
	x := linear(0, most, left, right)
	for _, t := range fitting(plainTicks(0, most, 4, percentText), x, left, right, widthOf) {
		d.line("grid", x(t.at), top, x(t.at), bottom)
		d.text("tick middle", x(t.at), bottom+14, t.text)
	}
	d.text("title middle", (left+right)/2, bottom+32, "% of "+things)
	d.text("title end", drawingWidth-column, 11, "real")
	d.text("title end synthetic", drawingWidth-1, 11, "synthetic")
	for k, label := range c.Labels {
		y := top + row*float64(k)
		d.text("tick end", left-6, y+13, label)
		if len(c.Real) > 0 {
			d.rect("real bar", left, y+3, x(float64(c.Real[k]))-left, row-6)
			d.text("tick end", drawingWidth-column, y+13, evaluate.Share.Text(c.Real[k]))
		}
		if len(c.OtherReal) > 0 {
			v := x(float64(c.OtherReal[k]))
			d.line("other mark", v, y+2, v, y+row-2)
		}
		if len(c.Synthetic) > 0 {
			d.rect("synthetic bar", left, y+row/2-2, x(float64(c.Synthetic[k]))-left, 4)
			d.text("tick end synthetic", drawingWidth-1, y+13, evaluate.Share.Text(c.Synthetic[k]))
		}
	}
	d.line("axis", left, top, left, bottom)
	return d.finish()
}
