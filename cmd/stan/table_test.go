package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const readings = "station,ts,temperature,sky\nfaro,2026-01-01,31.5,clear\nfaro,2026-01-02,30,clear\nkiruna,2026-01-01,-20.25,snow\n"

const readingsSchema = `{"entity": "station", "time": "ts", "columns": [{"name": "temperature"}, {"name": "sky", "discrete": true}]}`

func TestIngestOfTables(t *testing.T) {
	schema, csv := write(t, "schema.json", readingsSchema), write(t, "a.csv", readings)
	bad := write(t, "bad.csv", readings+"faro,2026-01-03,warm,clear\n")
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"a table":             {[]string{"--table", schema, csv}, outcome{0, "of clear, snow", `"msg":"reading: done"`}},
		"a file twice":        {[]string{"--table", schema, csv, csv}, outcome{65, "", "want each file once"}},
		"a bad row":           {[]string{"--table", schema, bad}, outcome{65, "", `bad.csv: line 5: temperature \"warm\": no number, want a finite number`}},
		"a bad row allowed":   {[]string{"--max-bad-rows", "1", "--table", schema, bad}, outcome{0, "rows refused  1", "line 5"}},
		"no schema":           {[]string{"--table", "no.json", csv}, outcome{66, "", "no.json"}},
		"schema is no JSON":   {[]string{"--table", csv, csv}, outcome{65, "", "a.csv: bad input"}},
		"networks of a table": {[]string{"--table", schema, "--internal", "10.0.0.0/8", csv}, outcome{2, "", "--internal with --table"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			parent := t.TempDir()
			status, stdout, stderr := stan(t, "", append([]string{"ingest", "-o", parent + "/out"}, tc.args...)...)
			tc.want.check(t, status, stdout, stderr)
			if left, _ := os.ReadDir(parent); status != 0 && len(left) > 0 {
				t.Errorf("failed and left %v", left)
			}
		})
	}
}

func TestRoadOfATable(t *testing.T) {
	dir := t.TempDir()
	step := func(want outcome, args ...string) string {
		t.Helper()
		status, stdout, stderr := stan(t, "", args...)
		want.check(t, status, stdout, stderr)
		return stdout
	}
	real, model, drawn := dir+"/real", dir+"/model", dir+"/drawn"
	step(outcome{0, "8000 rows of 8 series", ""}, "simulate", "--rows", "8000", "-o", real)
	step(outcome{0, "entities    8", ""}, "inspect", real)
	step(outcome{0, "x ", `"msg":"train: done"`}, "train", "--data", real, "-o", model, "--arch", "independent")
	step(outcome{0, "rows apart    1s", ""}, "inspect", model)
	step(outcome{2, "", "--internal 10.0.0.0/8, want none"}, "train", "--data", real, "-o", model, "--internal", "10.0.0.0/8")
	step(outcome{2, "", "no number of rows"}, "generate", "--model", model, "-o", drawn, "--hosts", "2")
	step(outcome{2, "", "--format ugr16"}, "generate", "--model", model, "-o", drawn, "--rows", "10", "--format", "ugr16")
	step(outcome{0, "8000 rows in", ""}, "generate", "--model", model, "-o", drawn, "--rows", "8000")
	text := step(outcome{0, "", ""}, "evaluate", "--real", real, "--synthetic", drawn, "--json", "-")
	var report struct {
		Measures []struct {
			Name, Verdict   string
			Real, Synthetic float64
		}
	}
	if err := json.Unmarshal([]byte(text), &report); err != nil {
		t.Fatal(err)
	}
	for _, m := range report.Measures {
		if strings.HasPrefix(m.Name, "slope_") && (m.Verdict != "apart" || m.Real < 0.6 || m.Synthetic > 0.1) {
			t.Errorf("%+v, want independent columns apart, with a coefficient of about 0", m)
		}
	}
	evaluate := func(want outcome, args ...string) string {
		t.Helper()
		return step(want, append([]string{"evaluate", "--real", real, "--synthetic", drawn}, args...)...)
	}
	evaluate(outcome{0, "Privacy alarm:  rows that stand in training", ""}, "--train", drawn, "--model", model, "--html", dir+"/page.html", "--show-real")
	page, err := os.ReadFile(dir + "/page.html")
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range []string{"<h1>", "How the columns look", "real: 12 consecutive rows of", "<code>nll_x</code>", "Likelihood under the model"} {
		if !strings.Contains(string(page), part) {
			t.Errorf("the page does not hold %q", part)
		}
	}
	evaluate(outcome{1, "measures:", "refused: slope_y_on_x is "}, "--fail-if", "slope_y_on_x<0.5", "--fail-if", "js_x>0.99")
	evaluate(outcome{0, "measures:", ""}, "--fail-if", "slope_y_on_x.real<0.5", "--model", model, "--fail-if", "nll_x>1000")
	evaluate(outcome{1, "measures:", "nll was not measured"}, "--fail-if", "nll>0")
	evaluate(outcome{2, "", `no measure \"js_z\"`}, "--fail-if", "js_z>0")
	evaluate(outcome{2, "", "--internal 10.0.0.0/8, want none"}, "--internal", "10.0.0.0/8")
	evaluate(outcome{65, "", "--model"}, "--model", real)
	step(outcome{65, "", "flows, want a folder of a table"}, "evaluate", "--real", real, "--synthetic", flowsOf(t))
	step(outcome{65, "", "a table, want a folder of flows"}, "evaluate", "--real", flowsOf(t), "--synthetic", real)
	step(outcome{65, "", "flows, want a folder of a table"}, "train", "--data", real, "--valid", flowsOf(t), "-o", dir+"/other")
}

// flowsOf is a small folder of flows.
func flowsOf(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "flows")
	status, stdout, stderr := stan(t, flows, "ingest", "-o", dir, "--internal", "42.219.0.0/16", "-")
	outcome{0, "", ""}.check(t, status, stdout, stderr)
	return dir
}

func TestSimulateCommand(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		want outcome
	}{
		"no output":     {nil, outcome{2, "", "no output"}},
		"no rows":       {[]string{"--rows", "0", "-o", "x"}, outcome{2, "", "--rows 0"}},
		"too many rows": {[]string{"--rows", "1000000000", "-o", "x"}, outcome{2, "", "--rows 1000000000"}},
		"output exists": {[]string{"-o", filepath.Dir(write(t, "thesis.tex", "x"))}, outcome{73, "", "--force"}},
	} {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, "", append([]string{"simulate"}, tc.args...)...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}
