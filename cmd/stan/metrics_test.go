package main

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"stan/evaluate"
)

// sample finds the value of a series in Prometheus' text form.
func sample(t *testing.T, text, series string) (value float64, found bool) {
	t.Helper()
	for line := range strings.Lines(text) {
		if rest, ok := strings.CutPrefix(strings.TrimSpace(line), series+" "); ok {
			value, err := strconv.ParseFloat(rest, 64)
			if err != nil {
				t.Fatalf("%q: %v", line, err)
			}
			return value, true
		}
	}
	return 0, false
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A night's job fails after one that succeeded: the file names the status, and when it last went well.
func TestMetricsFileTellsHowARunEnded(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "office.prom")
	out := filepath.Join(dir, "flows")
	args := []string{"ingest", "--metrics-file", file, "--internal", "42.219.0.0/16", "-o", out, "-"}
	const labels = `{command="ingest",run="office"}`
	status, _, stderr := stan(t, flows, args...)
	if status != 0 {
		t.Fatal(stderr)
	}
	first := read(t, file)
	success, _ := sample(t, first, "stan_run_last_success_timestamp_seconds"+labels)
	start, _ := sample(t, first, "stan_run_start_timestamp_seconds"+labels)
	ended, _ := sample(t, first, "stan_run_end_timestamp_seconds"+labels)
	if code, found := sample(t, first, "stan_run_exit_status"+labels); !found || code != 0 || start < 1e9 || ended < start || success < start {
		t.Errorf("status %v, from %v to %v, last success %v:\n%s", code, start, ended, success, first)
	}
	if rows, _ := sample(t, first, `stan_stage_done{command="ingest",run="office",stage="writing",unit="rows"}`); rows != 1 {
		t.Errorf("%v rows written, want 1:\n%s", rows, first)
	}
	if memory, _ := sample(t, first, "stan_run_max_resident_memory_bytes"+labels); memory < 1<<20 {
		t.Errorf("at most %v bytes of memory, want some MiB", memory)
	}
	if strings.Contains(first, "stan_train") || strings.Contains(first, "\nprocess_") || strings.Contains(first, "\ngo_") {
		t.Errorf("the file holds what an ingest does not measure, or node_exporter has itself:\n%s", first)
	}
	problems, err := promlint.New(strings.NewReader(first)).Lint()
	if err != nil || len(problems) > 0 {
		t.Errorf("promlint: %v, %v", problems, err)
	}

	if status, _, _ := stan(t, flows, args...); status != exitCannotWrite {
		t.Fatalf("a second ingest into one folder: status %d, want %d", status, exitCannotWrite)
	}
	second := read(t, file)
	code, _ := sample(t, second, "stan_run_exit_status"+labels)
	if kept, found := sample(t, second, "stan_run_last_success_timestamp_seconds"+labels); code != exitCannotWrite || !found || kept != success {
		t.Errorf("status %v, last success %v, want %d and %v:\n%s", code, kept, exitCannotWrite, success, second)
	}
	names, err := os.ReadDir(dir)
	if err != nil || len(names) != 2 {
		t.Errorf("%v, %v in the folder, want flows and office.prom alone", names, err)
	}
}

func TestMetricsFileFaults(t *testing.T) {
	tests := map[string]struct {
		args []string
		want outcome
	}{
		"another ending":    {[]string{"--metrics-file", "stan.txt"}, outcome{exitUsage, "", "want a name that ends in .prom"}},
		"no name":           {[]string{"--metrics-file", "/tmp/.prom"}, outcome{exitUsage, "", "want a name that ends in .prom"}},
		"no such folder":    {[]string{"--metrics-file", "no/such/folder/stan.prom"}, outcome{exitCannotWrite, "", "--metrics-file"}},
		"an address of no":  {[]string{"--metrics-listen", "here"}, outcome{exitOther, "", "--metrics-listen"}},
		"an unreadable one": {[]string{"--metrics-file", write(t, "x.prom", "stan_run {{{")}, outcome{exitUsage, "", "last success is lost"}},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			status, stdout, stderr := stan(t, "", append([]string{"ingest"}, tc.args...)...)
			tc.want.check(t, status, stdout, stderr)
		})
	}
}

// Prometheus scrapes while the command runs, and finds nobody when it has ended.
func TestMetricsListen(t *testing.T) {
	var log bytes.Buffer
	con := newConsole(nil, nil, &log)
	if err := con.SetFormat("json"); err != nil {
		t.Fatal(err)
	}
	if err := con.StartMetrics("train", "", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	address := jsonLines(t, log.String())[0]["address"].(string)
	watch := &trainWatch{con: con, stage: con.Stage("train", "rows", 1000)}
	watch.stage.Set(250)
	con.metrics.loss.WithLabelValues().Set(26.5)
	con.metrics.evaluation(&evaluate.Findings{Verdicts: evaluate.Tally{AsReal: 3}, Measures: []evaluate.Result{{Name: "window_auc", Figure: 0.7}}})
	answer, err := http.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	for series, want := range map[string]float64{
		`stan_stage_done{command="train",stage="train",unit="rows"}`:         250,
		`stan_stage_planned{command="train",stage="train",unit="rows"}`:      1000,
		`stan_train_loss_nats{command="train"}`:                              26.5,
		`stan_evaluation_figure{command="train",measure="window_auc"}`:       0.7,
		`stan_evaluation_measures{command="train",verdict="as real"}`:        3,
		`stan_build_info{command="train",libtorch="2.11.0",version="0.1.0"}`: 1,
	} {
		if got, found := sample(t, string(body), series); !found || got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	if !strings.Contains(string(body), "\nprocess_resident_memory_bytes ") {
		t.Error("the process's own figures are missing")
	}
	con.Close(0)
	if _, err := http.Get(address); err == nil {
		t.Error("the address still answers after the end")
	}
}
