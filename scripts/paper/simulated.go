package main

import (
	"context"
	"fmt"
	"math"
	"path/filepath"
	"strings"

	"gonum.org/v1/gonum/stat"

	"stan/dataset"
	"stan/dataset/table"
)

// regression is a line fitted by least squares.
type regression struct {
	slope, mse    float64
	standardError float64 // of the slope
}

func fit(x, y []float64) regression {
	a, b := stat.LinearRegression(x, y, nil, false)
	r := regression{slope: b}
	for i := range x {
		e := y[i] - a - b*x[i]
		r.mse += e * e / float64(len(x))
	}
	r.standardError = math.Sqrt(r.mse / stat.Variance(x, nil) / float64(len(x)))
	return r
}

// regressions are the two that the paper judges simulated data by: y on x in a row, and x on the x of the row before.
func regressions(t *table.Table) (row, time regression) {
	var x, y, before, after []float64
	for e := range t.Entities {
		for i := t.Starts[e]; i < t.Starts[e+1]; i++ {
			x, y = append(x, t.Row(i)[0]), append(y, t.Row(i)[1])
			if i > t.Starts[e] {
				before, after = append(before, t.Row(i - 1)[0]), append(after, t.Row(i)[0])
			}
		}
	}
	return fit(x, y), fit(before, after)
}

// truth are what both regressions have in the law that simulated data follow.
const (
	trueSlope = table.SimulatedCoefficient
	trueMSE   = table.SimulatedNoise * table.SimulatedNoise
)

func simulatedSection(folder string, steps map[string]step) (string, error) {
	g := grid{head: []string{"", "y on x: slope", "MSE", "x on x before: slope", "MSE", "both slopes within 0.02"}}
	rowError, timeError := map[string]float64{}, map[string]float64{}
	line := func(name, folder string) (row, time regression, err error) {
		set, err := dataset.OpenTable(folder)
		if err != nil {
			return row, time, err
		}
		t, err := set.Read(context.Background())
		if err != nil {
			return row, time, err
		}
		row, time = regressions(t)
		within := "no"
		if max(math.Abs(row.slope-trueSlope), math.Abs(time.slope-trueSlope)) <= 0.02 {
			within = "yes"
		}
		g.add(name, fmt.Sprintf("%.4f", row.slope), fmt.Sprintf("%.5f", row.mse), fmt.Sprintf("%.4f", time.slope),
			fmt.Sprintf("%.5f", time.mse), within)
		return row, time, nil
	}
	slope, mse := fmt.Sprintf("%.4f", trueSlope), fmt.Sprintf("%.5f", trueMSE)
	g.add("the law", slope, mse, slope, mse, "")
	realRow, realTime, err := line("real rows, unseen", filepath.Join(folder, "simulated", "unseen"))
	if err != nil {
		return "", err
	}
	names := []string{"simulated-train", "simulated-unseen"}
	for _, arch := range architectures {
		row, time, err := line(arch, filepath.Join(folder, "simulated", arch+"-rows"))
		if err != nil {
			return "", err
		}
		rowError[arch], timeError[arch] = math.Abs(row.slope-trueSlope), math.Abs(time.slope-trueSlope)
		names = append(names, "simulated-"+arch+"-train", "simulated-"+arch+"-generate")
	}
	var b strings.Builder
	b.WriteString("\n## Simulated data\n\nTwo columns: x_t = 0.9 x_{t-1} + 0.1 e, y_t = 0.9 x_t + 0.1 e. ")
	b.WriteString("Two linear regressions tell whether drawn\nrows depend on each other as these do: ")
	b.WriteString("y on x of the same row, x on the x before it.\n")
	g.write(&b)
	fmt.Fprintf(&b, "\nChance alone: a slope of as many real rows has a standard error of %.4f.\n",
		max(realRow.standardError, realTime.standardError))
	b.WriteString("\nThe slope's error in the row:\n\n" + comparison("error", rowError))
	b.WriteString("\nThe slope's error over time:\n\n" + comparison("error", timeError))
	made(&b, steps, names...)
	return b.String(), nil
}
