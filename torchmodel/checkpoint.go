package torchmodel

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"
)

// A checkpoint is the folder checkpoint-STEP inside the model folder. It is written under another name and renamed, so
// that one that is there is whole; it is itself a model folder, with the optimiser's state and the loop's beside.
const (
	checkpointPrefix = "checkpoint-"
	optimiserFile    = "optimiser.safetensors"
	averageFile      = "average.safetensors"
	bestFile         = "best.safetensors"
	stateFile        = "state.json"
)

// loopState is where a training loop stands. Whatever else the loop needs follows from the seed and the step.
type loopState struct {
	Version   int     `json:"version"`
	Step      int     `json:"step"` // steps done
	Epoch     int     `json:"epoch"`
	Batch     int     `json:"batch"`      // batches of the epoch done
	NextValid int     `json:"next_valid"` // step before which the next validation comes
	BestNLL   float64 `json:"best_nll"`   // of the best validation, once there was one
	BestStep  int     `json:"best_step"`
	Since     int     `json:"since_best"` // validations without a new best one
	Seconds   float64 `json:"seconds"`    // of training so far
	Setup     string  `json:"setup"`      // digest of data and options that must not change between runs
	// BestValid is the likelihood of the best validation by attribute.
	BestValid map[string]float64 `json:"best_valid,omitempty"`

	Optimiser string `json:"optimiser_sha256"` // of optimiser.safetensors
	Average   string `json:"average_sha256"`   // of average.safetensors
	Best      string `json:"best_sha256"`      // of best.safetensors
}

const stateVersion = 1

// validate checks what the state of checkpoint step claims.
func (s *loopState) validate(step int) error {
	switch {
	case s.Version != stateVersion:
		return fmt.Errorf("version %d, want %d", s.Version, stateVersion)
	case s.Step != step:
		return fmt.Errorf("step %d, want %d as in the folder's name", s.Step, step)
	case s.Epoch < 0 || s.Epoch > step || s.Batch < 0 || s.Batch > step || s.BestStep < 0 || s.BestStep > step || s.Since < 0:
		return fmt.Errorf("epoch %d, batch %d, best step %d, %d validations since, want 0 to %d", s.Epoch, s.Batch, s.BestStep, s.Since, step)
	case !(s.Seconds >= 0):
		return fmt.Errorf("seconds %g, want at least 0", s.Seconds)
	}
	return nil
}

// checkpoints lists the steps of the checkpoints in dir, ascending.
func checkpoints(dir string) []int {
	var steps []int
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if text, ok := strings.CutPrefix(e.Name(), checkpointPrefix); ok && e.IsDir() {
			if step, err := strconv.Atoi(text); err == nil {
				steps = append(steps, step)
			}
		}
	}
	slices.Sort(steps)
	return steps
}

func checkpointPath(dir string, step int) string {
	return filepath.Join(dir, fmt.Sprintf("%s%08d", checkpointPrefix, step))
}

// writeCheckpoint writes a checkpoint of t and removes the older ones.
func (t *trainer) writeCheckpoint() error {
	if slices.Contains(checkpoints(t.dir), t.state.Step) {
		return nil // the same step holds the same state
	}
	weights := parameters(t.subject.network())
	for _, a := range weights {
		if i := notFinite(a.Float32s()); i >= 0 {
			return fmt.Errorf("step %d: %w: tensor %q: element %d is not a finite number", t.state.Step, ErrDiverged, a.Name, i)
		}
	}
	part, err := os.MkdirTemp(t.dir, ".checkpoint-")
	if err != nil {
		return writeError(err)
	}
	defer os.RemoveAll(part)
	if err := writeModel(part, t.manifest(), append(weights, t.subject.beside()...)); err != nil {
		return err
	}
	if t.state.Optimiser, err = writeArrays(filepath.Join(part, optimiserFile), optimiserArrays(t.opt), nil); err != nil {
		return err
	}
	var average []safetensors.Tensor
	t.averaged(func() { average = parameters(t.subject.network()) })
	if t.state.Average, err = writeArrays(filepath.Join(part, averageFile), average, nil); err != nil {
		return err
	}
	if t.best != nil {
		if t.state.Best, err = writeArrays(filepath.Join(part, bestFile), t.best, nil); err != nil {
			return err
		}
	}
	text, err := json.MarshalIndent(t.state, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(part, stateFile), append(text, '\n')); err != nil {
		return err
	}
	old := checkpoints(t.dir)
	if err := replaceFolder(part, checkpointPath(t.dir, t.state.Step)); err != nil {
		return err
	}
	for _, step := range old {
		removeFolder(checkpointPath(t.dir, step))
	}
	return nil
}

// removeCheckpoints removes all checkpoints in dir.
func removeCheckpoints(dir string) {
	for _, step := range checkpoints(dir) {
		removeFolder(checkpointPath(dir, step))
	}
}

// removeFolder removes a checkpoint so that no half of it keeps its name. What fails here fails at the next one again.
func removeFolder(path string) {
	hidden := filepath.Join(filepath.Dir(path), ".old-"+filepath.Base(path))
	if os.Rename(path, hidden) == nil {
		_ = os.RemoveAll(hidden)
	}
}

// sweep removes what a killed run left in dir.
func sweep(dir string) {
	for _, pattern := range []string{".checkpoint-*", ".old-*", ".model.*", ".metrics.*", scratchPattern} {
		left, _ := filepath.Glob(filepath.Join(dir, pattern))
		for _, path := range left {
			_ = os.RemoveAll(path)
		}
	}
}

func optimiserArrays(opt torch.Optimizer) []safetensors.Tensor {
	var out []safetensors.Tensor
	state := opt.State()
	for _, name := range sortedNames(state) {
		t := state[name]
		out = append(out, safetensors.Float32Tensor(name, t.Float32s(), t.Shape()...))
		t.Free()
	}
	return out
}

func sortedNames[V any](m map[string]V) []string {
	names := make([]string, 0, len(m))
	for name := range m {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// readCheckpoint takes t to the state of the last checkpoint in its folder. It reports whether there is one.
func (t *trainer) readCheckpoint() (bool, error) {
	steps := checkpoints(t.dir)
	if len(steps) == 0 {
		return false, nil
	}
	step := steps[len(steps)-1]
	dir := checkpointPath(t.dir, step)
	path := filepath.Join(dir, stateFile)
	text, err := readLimited(path, 1<<20)
	if err != nil {
		return false, refuse(path, "%v", err)
	}
	var state loopState
	if err := decodeStrictly(text, &state); err != nil {
		return false, refuse(path, "%v", err)
	}
	if err := state.validate(step); err != nil {
		return false, refuse(path, "%v", err)
	}
	if state.Setup != t.state.Setup {
		return false, refuse(dir, "made from other data or options (setup %s, now %s): --resume needs the same ones", state.Setup, t.state.Setup)
	}
	m, err := Load(dir)
	if err != nil {
		return false, err
	}
	if err := t.readAverage(filepath.Join(dir, averageFile), state.Average); err != nil {
		return false, err
	}
	if err := setWeights(t.subject.network(), m.arrays); err != nil {
		return false, refuse(dir, "%v", err)
	}
	if err := t.readOptimiser(filepath.Join(dir, optimiserFile), state.Optimiser); err != nil {
		return false, err
	}
	if state.Best != "" {
		if t.best, _, err = readArrays(filepath.Join(dir, bestFile), state.Best); err != nil {
			return false, err
		}
	}
	t.state = state
	return true, nil
}

// readAverage gives the average its values, and leaves the network with others.
func (t *trainer) readAverage(path, want string) error {
	arrays, _, err := readArrays(path, want)
	if err != nil {
		return err
	}
	named := map[string]safetensors.Tensor{}
	for _, a := range arrays {
		named[a.Name] = a
	}
	if err := setWeights(t.subject.network(), named); err != nil {
		return refuse(path, "%v", err)
	}
	t.average.Swap()
	return nil
}

func (t *trainer) readOptimiser(path, want string) error {
	arrays, _, err := readArrays(path, want)
	if err != nil {
		return err
	}
	state := map[string]torch.Tensor{}
	defer func() {
		for _, x := range state {
			x.Free()
		}
	}()
	for _, a := range arrays {
		state[a.Name] = torch.FromFloat32(a.Float32s(), a.Shape...)
	}
	if err := t.opt.LoadState(state); err != nil {
		return refuse(path, "%v", err)
	}
	return nil
}
