package page

import (
	"fmt"
	"math"
	"strconv"
)

// scale maps values to px.
type scale func(float64) float64

// linear maps from..to onto a..b.
func linear(from, to, a, b float64) scale {
	return func(v float64) float64 { return a + (v-from)/(to-from)*(b-a) }
}

// root maps 0..to onto a..b by the square root: rare values stay visible beside common ones.
func root(to, a, b float64) scale {
	return func(v float64) float64 { return a + math.Sqrt(max(v, 0)/to)*(b-a) }
}

// tick is a labelled place on an axis.
type tick struct {
	at   float64
	text string
}

// fitting keeps the ticks that have room beside those before them in the list: the most important come first.
func fitting(ticks []tick, place scale, low, high float64, room func(tick) float64) []tick {
	var kept []tick
	for _, t := range ticks {
		x := place(t.at)
		free := x >= low-0.5 && x <= high+0.5
		for _, k := range kept {
			free = free && math.Abs(place(k.at)-x) >= (room(k)+room(t))/2
		}
		if free {
			kept = append(kept, t)
		}
	}
	return kept
}

func widthOf(t tick) float64 { return textWidth(t.text) + 12 }

func heightOf(tick) float64 { return 22 }

// niceStep returns 1, 2 or 5 times a power of ten, for about n steps in span.
func niceStep(span float64, n int) float64 {
	step := math.Pow(10, math.Floor(math.Log10(span/float64(n))))
	for _, factor := range []float64{1, 2, 5, 10} {
		if span/(step*factor) <= float64(n)+0.5 {
			return step * factor
		}
	}
	return step * 10
}

// plainTicks covers from..to with about n ticks.
func plainTicks(from, to float64, n int, format func(float64) string) []tick {
	step := niceStep(to-from, n)
	var ticks []tick
	for i := math.Ceil(from/step - 1e-9); i*step <= to+step*1e-9; i++ {
		ticks = append(ticks, tick{i * step, format(i * step)})
	}
	return ticks
}

// percentText formats a share for an axis.
func percentText(share float64) string { return number(100*share) + " %" }

// number formats with as few digits as the value needs, and a true minus.
func number(x float64) string {
	text := strconv.FormatFloat(math.Abs(x), 'g', 4, 64)
	if x < 0 {
		return "−" + text
	}
	return text
}

// atTicks returns ticks for the values of an axis, by its unit, the most important first.
func atTicks(unit string) []tick {
	switch unit {
	case "ms":
		return []tick{{0, "0"}, {1, "1 ms"}, {1e3, "1 s"}, {6e4, "1 min"}, {3.6e6, "1 h"}, {8.64e7, "1 d"},
			{10, "10 ms"}, {100, "100 ms"}, {1e4, "10 s"}, {6e5, "10 min"}}
	case "h":
		return []tick{{0, "0"}, {24, "24"}, {12, "12"}, {6, "6"}, {18, "18"}}
	case "":
		return []tick{{0, "0"}, {256, "256"}, {128, "128"}, {64, "64"}, {192, "192"}}
	}
	ticks := []tick{{0, "0"}}
	for _, lead := range []float64{1, 4, 2} {
		for power := 0; power <= 18; power++ {
			v := lead * math.Pow(10, float64(power))
			ticks = append(ticks, tick{v, short(v)})
		}
	}
	return ticks
}

// short formats a count as 10 k or 2 M.
func short(v float64) string {
	for _, unit := range []struct {
		size float64
		name string
	}{{1e12, " T"}, {1e9, " G"}, {1e6, " M"}, {1e3, " k"}} {
		if v >= unit.size {
			return fmt.Sprintf("%g%s", v/unit.size, unit.name)
		}
	}
	return fmt.Sprintf("%g", v)
}
