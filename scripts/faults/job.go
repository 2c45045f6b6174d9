package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// job is a command whose output is known. Its runs write `out` in a folder of their own.
type job struct {
	name string
	args []string // paths in it are absolute, but for out
	// again is what is added when the job is run again; with it, also a job that is done succeeds again.
	again []string
	// done is the status of a run where the output stands already, besides 0 and 73.
	done int
	// whole is the file without which out is not taken for whole; empty where out itself appears at once.
	whole string
	// before is what stands at out before the run, and may stand there after a fault.
	before content
	setUp  func(dir string) error // puts before in its place
	want   content                // of out after an unbroken run
	took   outcome
	calls  []operation // of an unbroken run, on files
	// bytes are those of all files that it gives, largest those of one.
	bytes, largest int64
}

// content is a file, or the files of a folder: digests by path.
type content map[string]string

// read returns what stands at path, nil if nothing does.
func read(path string) (content, error) {
	found := content{}
	err := filepath.WalkDir(path, func(name string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		below, err := filepath.Rel(path, name)
		sum := sha256.Sum256(timeless(below, text))
		found[below] = hex.EncodeToString(sum[:8])
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return found, err
}

// timeless drops from a training's metrics what no two runs have in common: the clock.
func timeless(name string, text []byte) []byte {
	if filepath.Base(name) != "metrics.jsonl" {
		return text
	}
	var kept bytes.Buffer
	for line := range bytes.Lines(text) {
		var fields map[string]any
		if json.Unmarshal(line, &fields) != nil {
			return text
		}
		delete(fields, "time")
		delete(fields, "seconds")
		delete(fields, "rows") // since the start of one run
		again, _ := json.Marshal(fields)
		kept.Write(append(again, '\n'))
	}
	return kept.Bytes()
}

// unlike says what differs, "" if nothing does.
func (c content) unlike(want content) string {
	if maps.Equal(c, want) {
		return ""
	}
	var faults []string
	for name := range want {
		if c[name] == "" {
			faults = append(faults, name+" is missing")
		} else if c[name] != want[name] {
			faults = append(faults, name+" differs")
		}
	}
	for name := range c {
		if want[name] == "" {
			faults = append(faults, name+" is too many")
		}
	}
	slices.Sort(faults)
	return strings.Join(faults, ", ")
}

// prepare makes the input of all jobs, and runs each once without a fault.
func (c *campaign) prepare(testdata string) ([]*job, error) {
	in := filepath.Join(c.scratch, "in")
	captures := filepath.Join(in, "captures")
	if err := cut(filepath.Join(testdata, "flows"), captures); err != nil {
		return nil, err
	}
	flows, model, old := filepath.Join(in, "flows"), filepath.Join(in, "model"), filepath.Join(in, "old")
	days, err := filepath.Glob(filepath.Join(captures, "*"))
	if err != nil {
		return nil, err
	}
	earlier, last := filepath.Join(in, "earlier"), days[len(days)-1]
	ingest := []string{"ingest", "--internal", "42.219.0.0/16", "--threads", "1", "--memory", "1MiB"}
	for _, args := range [][]string{
		append(slices.Clone(ingest), "--buckets", "1", "-o", flows, captures),
		append(slices.Clone(ingest), "--buckets", "2", "-o", old, captures),
		append(append(slices.Clone(ingest), "--buckets", "3", "-o", earlier), days[:len(days)-1]...),
		{"train", "--data", flows, "-o", model, "--arch", "independent", "--threads", "1"},
	} {
		if o, err := c.start(in, setting{}, args...); err != nil || o.status != 0 {
			return nil, errors.Join(fmt.Errorf("%v: %v", args, o), err)
		}
	}
	before, err := read(old)
	if err != nil {
		return nil, err
	}
	beforeLast, err := read(earlier)
	if err != nil {
		return nil, err
	}
	copyOf := func(folder string) func(dir string) error {
		return func(dir string) error { return os.CopyFS(filepath.Join(dir, "out"), os.DirFS(folder)) }
	}
	jobs := []*job{
		{name: "ingest", args: append(slices.Clone(ingest), "--buckets", "3", "-o", "out", captures)},
		{name: "ingest --force", args: append(slices.Clone(ingest), "--buckets", "3", "--force", "-o", "out", captures),
			before: before, setUp: copyOf(old)},
		{name: "ingest --append", args: append(slices.Clone(ingest), "--append", "-o", "out", last), before: beforeLast, setUp: copyOf(earlier), done: 65},
		{name: "train", whole: "model.json", again: []string{"--resume"},
			args: []string{"train", "--data", flows, "-o", "out", "--epochs", "2", "--batch", "1", "--threads", "1", "--checkpoint", "0s"}},
		{name: "generate", args: []string{"generate", "--model", model, "-o", "out", "--hosts", "2", "--duration", "1h", "--threads", "1"}},
		{name: "convert", args: []string{"convert", "--force", "--to", "ugr16", flows, "out"}},
		{name: "evaluate", args: []string{"evaluate", "--real", flows, "--synthetic", old, "--json", "out"}},
	}
	for _, j := range jobs {
		if err := c.reference(j); err != nil {
			return nil, err
		}
	}
	return jobs, nil
}

// cut writes the first lines of some captures to a folder: a run of a job then takes less than a second.
func cut(from, to string) error {
	files, err := filepath.Glob(filepath.Join(from, "*.csv.gz"))
	if err != nil || len(files) < 5 {
		return fmt.Errorf("%s: %d captures, want at least 5: %w", from, len(files), err)
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		return err
	}
	for _, path := range files[:5] {
		file, err := os.Open(path)
		if err != nil {
			return err
		}
		defer file.Close()
		plain, err := gzip.NewReader(file)
		if err != nil {
			return err
		}
		var text bytes.Buffer
		if _, err := text.ReadFrom(plain); err != nil {
			return err
		}
		lines := bytes.SplitAfterN(text.Bytes(), []byte("\n"), 82)
		name := strings.TrimSuffix(filepath.Base(path), ".gz")
		if err := os.WriteFile(filepath.Join(to, name), bytes.Join(lines[:81], nil), 0o644); err != nil {
			return err
		}
	}
	return nil
}

// reference runs a job without a fault and keeps what it gives and the calls that it makes.
func (c *campaign) reference(j *job) error {
	dir, err := c.folder(j)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	note := func(o operation) verdict { j.calls = append(j.calls, o); return verdict{} }
	if j.took, err = c.start(dir, setting{effects: changes | removes | reads, decide: note}, j.args...); err != nil || j.took.status != 0 {
		return errors.Join(fmt.Errorf("%s: %v", j.name, j.took), err)
	}
	out := filepath.Join(dir, "out")
	if j.want, err = read(out); err != nil {
		return err
	}
	for name := range j.want {
		info, err := os.Stat(filepath.Join(out, name))
		if err != nil {
			return err
		}
		j.bytes += info.Size()
		j.largest = max(j.largest, info.Size())
	}
	fmt.Fprintf(os.Stderr, "faults: %s takes %v and %d operations\n", j.name, j.took.took, len(j.calls))
	return nil
}

// folder makes a folder for one run of a job.
func (c *campaign) folder(j *job) (string, error) {
	dir, err := os.MkdirTemp(c.scratch, "run-")
	if err == nil && j.setUp != nil {
		err = j.setUp(dir)
	}
	return dir, err
}

// promise checks a folder after a run that a fault has hit, then runs the job again there and checks what that gives.
func (c *campaign) promise(j *job, dir string, o outcome) error {
	done, err := j.visible(dir, o)
	if err != nil {
		return err
	}
	if o.status != killed {
		if left := j.leftovers(dir); len(left) > 0 {
			return fmt.Errorf("left %q", left)
		}
	}
	if !done || len(j.again) > 0 {
		if again, err := c.start(dir, setting{}, append(slices.Clone(j.args), j.again...)...); err != nil {
			return fmt.Errorf("again: %w", err)
		} else if again.status != 0 {
			return fmt.Errorf("again: %v", again)
		}
		found, err := read(filepath.Join(dir, "out"))
		if err != nil {
			return err
		}
		if what := found.unlike(j.want); what != "" {
			return fmt.Errorf("again: %s", what)
		}
		if left := j.leftovers(dir); len(left) > 0 {
			return fmt.Errorf("again: left %q", left)
		}
	}
	return nil
}

// visible checks that nothing of a run is to be seen but all of it, and tells whether all of it is.
func (j *job) visible(dir string, o outcome) (done bool, err error) {
	found, err := read(filepath.Join(dir, "out"))
	if err != nil {
		return false, err
	}
	if j.whole != "" && found[j.whole] == "" {
		found = nil // what is there is no output yet
	}
	switch {
	case found.unlike(j.want) == "":
		done = true
	case j.whole != "" && found != nil: // checkpoints of a whole model may not be removed yet
		for name := range j.want {
			if found[name] != j.want[name] {
				return false, fmt.Errorf("after %v: %s differs", o, name)
			}
		}
		done = true
	case found.unlike(j.before) != "":
		return false, fmt.Errorf("after %v: visible in part: %s", o, found.unlike(j.want))
	}
	if done != (o.status == 0) && o.status != killed {
		return done, fmt.Errorf("after %v: output complete: %v", o, done)
	}
	return done, nil
}

// leftovers lists what is neither output nor checkpoint.
func (j *job) leftovers(dir string) []string {
	var left []string
	filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err == nil && path != dir && strings.HasPrefix(entry.Name(), ".") {
			left = append(left, entry.Name())
		}
		return nil
	})
	return left
}
