package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"testing"

	"stan/dataset"
	"stan/evaluate"
	"stan/torchmodel"
)

// halfOfTheHosts ingests the first rows of four of the eight hosts of testdata/flows, those from the given one on.
func halfOfTheHosts(t *testing.T, dir string, from, rows int) string {
	t.Helper()
	archives, err := filepath.Glob("../../testdata/flows/*.csv.gz")
	if err != nil || len(archives) != 8 {
		t.Fatalf("testdata/flows: %d archives, %v, want 8", len(archives), err)
	}
	args := []string{"ingest", "--internal", "42.219.0.0/16", "-o", dir}
	for _, path := range archives[from : from+4] {
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		unzipped, err := gzip.NewReader(file)
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(unzipped)
		file.Close()
		if err != nil {
			t.Fatal(err)
		}
		lines := bytes.SplitAfterN(text, []byte("\n"), rows+1)
		cut := filepath.Join(t.TempDir(), filepath.Base(path)+".csv")
		if err := os.WriteFile(cut, bytes.Join(lines[:min(rows, len(lines))], nil), 0o644); err != nil {
			t.Fatal(err)
		}
		args = append(args, cut)
	}
	if status, _, text := stan(t, "", args...); status != 0 {
		t.Fatalf("ingest: status %d: %s", status, text)
	}
	return dir
}

type quiet struct{}

func (quiet) Step(torchmodel.Step)        {}
func (quiet) Valid(torchmodel.Validation) {}
func (quiet) Note(string, ...any)         {}

func TestMembershipIsToldFromAnOverfittedModelAlone(t *testing.T) {
	dir := t.TempDir()
	learnt, other := halfOfTheHosts(t, filepath.Join(dir, "train"), 0, 300), halfOfTheHosts(t, filepath.Join(dir, "real"), 4, 300)
	for name, tc := range map[string]struct {
		epochs int
		rate   float64
		told   bool
	}{
		"overfitted": {60, 0.01, true},
		"untrained":  {1, 1e-9, false},
	} {
		t.Run(name, func(t *testing.T) {
			data, err := dataset.Open(learnt)
			if err != nil {
				t.Fatal(err)
			}
			o := torchmodel.DefaultTrainOptions()
			o.Config = torchmodel.Config{Width: 32, Hidden: 48, Layers: 2, Key: 8, Value: 8, Plan: 16, Place: 16, Mixtures: 4}
			o.Internal, o.Threads, o.Batch, o.Length = data.Internal(), 1, 4, 64
			o.Epochs, o.LearningRate, o.WeightDecay, o.MinHosts, o.Patience = tc.epochs, tc.rate, 0, 2, 0
			model := filepath.Join(t.TempDir(), "model")
			// Validated on what it learns, so that the best weights are those that fit it best.
			if _, err := torchmodel.Train(context.Background(), data, data, model, o, quiet{}); err != nil {
				t.Fatal(err)
			}
			status, out, text := stan(t, "", "evaluate", "--train", learnt, "--real", other, "--synthetic", other, "--model", model,
				"--json", "-")
			if status != 0 {
				t.Fatalf("evaluate: status %d: %s", status, text)
			}
			var report evaluate.Report
			if err := json.Unmarshal([]byte(out), &report); err != nil {
				t.Fatal(err)
			}
			m, nll := report.Measure("membership_likelihood_auc"), report.Measure("nll")
			t.Logf("AUC %.3f, from %.3f to %.3f, limit %.3f; nats a row: other hosts %.2f, training hosts %.2f", m.Synthetic,
				m.Interval.Low, m.Interval.High, m.Limit, nll.Real, nll.OtherReal)
			if tc.told && (m.Synthetic <= 0.9 || m.Verdict == evaluate.AsReal || nll.OtherReal >= nll.Real) {
				t.Errorf("AUC %g, %s; nats a row: training hosts %g, others %g; want above 0.9, and not %s", m.Synthetic, m.Verdict,
					nll.OtherReal, nll.Real, evaluate.AsReal)
			}
			if !tc.told && (m.Verdict != evaluate.AsReal || m.Interval.Low > 0.5 || m.Interval.High < 0.5) {
				t.Errorf("AUC %g, from %g to %g, %s; want 0.5 within, and %s", m.Synthetic, m.Interval.Low, m.Interval.High, m.Verdict,
					evaluate.AsReal)
			}
		})
	}
}

func TestEvaluateRefusesABadModel(t *testing.T) {
	dir := evaluateFolders(t)
	for name, model := range map[string]string{"no model": filepath.Join(dir, "no"), "flows": filepath.Join(dir, "real")} {
		t.Run(name, func(t *testing.T) {
			status, out, text := stan(t, "", "evaluate", "--real", filepath.Join(dir, "real"), "--synthetic",
				filepath.Join(dir, "synthetic"), "--model", model)
			want := outcome{status: exitInput, stderr: "--model"}
			if name == "no model" {
				want.status = exitMissing
			}
			want.check(t, status, out, text)
		})
	}
}
