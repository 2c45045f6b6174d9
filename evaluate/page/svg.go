package page

import (
	"fmt"
	"html"
	"html/template"
	"strings"
)

// canvas builds one inline SVG. Its colours and fonts are classes of style.css, so that a drawing follows the theme. A
// drawing is as wide as a phone, so that its letters have the same size on every screen.
type canvas struct {
	width, height float64
	b             strings.Builder
}

// drawingWidth is the width of a drawing in px.
const drawingWidth = 360

// newCanvas begins a drawing; label is what a screen reader says.
func newCanvas(width, height float64, label string) *canvas {
	c := &canvas{width: width, height: height}
	fmt.Fprintf(&c.b, `<svg viewBox="0 0 %g %g" role="img" aria-label="%s">`, width, height, html.EscapeString(label))
	return c
}

// finish ends the drawing. All text in it has been escaped.
func (c *canvas) finish() template.HTML {
	c.b.WriteString("</svg>")
	return template.HTML(c.b.String())
}

func (c *canvas) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(&c.b, `<line class="%s" x1="%s" y1="%s" x2="%s" y2="%s"/>`, class, px(x1), px(y1), px(x2), px(y2))
}

func (c *canvas) rect(class string, x, y, width, height float64) {
	fmt.Fprintf(&c.b, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"/>`,
		class, px(x), px(y), px(max(width, 0)), px(max(height, 0)))
}

func (c *canvas) circle(class string, x, y, r float64) {
	fmt.Fprintf(&c.b, `<circle class="%s" cx="%s" cy="%s" r="%s"/>`, class, px(x), px(y), px(r))
}

// text writes at a baseline; classes start, middle and end say which end of the text x is.
func (c *canvas) text(class string, x, y float64, text string) {
	fmt.Fprintf(&c.b, `<text class="%s" x="%s" y="%s">%s</text>`, class, px(x), px(y), html.EscapeString(text))
}

// path draws a line through points; commands such as Z may follow.
func (c *canvas) path(class string, points [][2]float64, end string) {
	if len(points) == 0 {
		return
	}
	fmt.Fprintf(&c.b, `<path class="%s" d="`, class)
	for i, p := range points {
		command := "L"
		if i == 0 {
			command = "M"
		}
		fmt.Fprintf(&c.b, "%s%s %s", command, px(p[0]), px(p[1]))
	}
	c.b.WriteString(end + `"/>`)
}

// px formats a length to a tenth of a pixel.
func px(x float64) string {
	return strings.TrimSuffix(fmt.Sprintf("%.1f", x), ".0")
}

// textWidth is about the width of a text in a drawing's letters, in px.
func textWidth(text string) float64 { return 6.2 * float64(len([]rune(text))) }
