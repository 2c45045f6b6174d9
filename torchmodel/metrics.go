package torchmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// metricsFile is metrics.jsonl in a model folder: a line for every validation, and for every metricsEvery-th step.
type metricsFile struct{ f *os.File }

const (
	metricsName  = "metrics.jsonl"
	metricsEvery = 10
)

// openMetrics opens the file and drops the lines of what a training that goes on after step does again; validated is the step of
// the last validation that it knows.
func openMetrics(path string, step, validated int) (*metricsFile, error) {
	var keep bytes.Buffer
	if step > 0 {
		old, err := os.ReadFile(path)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		for text := range bytes.Lines(old) {
			var line struct {
				Kind string
				Step int
			}
			if json.Unmarshal(text, &line) != nil || !bytes.HasSuffix(text, []byte{'\n'}) {
				continue // cut short by a kill
			}
			if line.Step <= step && (line.Kind != "valid" || line.Step <= validated) {
				keep.Write(text)
			}
		}
	}
	if err := writeFile(path, keep.Bytes()); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0o644)
	return &metricsFile{f}, writeError(err)
}

func (m *metricsFile) write(line any) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	_, err = m.f.Write(append(text, '\n'))
	return writeError(err)
}

func (m *metricsFile) step(s Step) error {
	if s.Step%metricsEvery != 0 {
		return nil
	}
	return m.write(map[string]any{
		"kind": "step", "time": time.Now().UTC().Format(time.RFC3339), "step": s.Step, "epoch": s.Epoch, "rows": s.Rows,
		"loss": s.Loss, "learning_rate": s.LearningRate, "grad_norm": s.GradNorm, "seconds": s.Seconds,
	})
}

func (m *metricsFile) valid(v Validation) error {
	return m.write(map[string]any{
		"kind": "valid", "time": time.Now().UTC().Format(time.RFC3339), "step": v.Step, "rows": v.Rows, "nll": v.NLL,
		"heads": v.Heads, "best": v.Best,
	})
}

func (m *metricsFile) close() { m.f.Close() }
