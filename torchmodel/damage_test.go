package torchmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"testing"

	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/damage"
)

// A model of which a file is damaged, and the digests made to fit, is refused; or it is loaded, and written it loads the same.
func TestDamagedModels(t *testing.T) {
	manifest, weights := fuzzSeed(t)
	for name, original := range map[string][]byte{manifestFile: manifest, weightsFile: weights} {
		t.Run(name, func(t *testing.T) {
			dir, again := t.TempDir(), t.TempDir()
			damage.Each(t, [][]byte{original}, func(t *testing.T, content []byte) bool {
				files := map[string][]byte{manifestFile: manifest, weightsFile: weights}
				files[name] = content
				files[manifestFile] = bytes.Replace(files[manifestFile], []byte(digest(nil)), []byte(digest(files[weightsFile])), 1)
				for name, data := range files {
					if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
						t.Fatal(err)
					}
				}
				first, err := Load(dir)
				if err != nil {
					if !errors.Is(err, ErrModel) {
						t.Errorf("%v, want %v", err, ErrModel)
					}
					return false
				}
				var arrays []safetensors.Tensor
				for _, name := range sortedNames(first.arrays) {
					arrays = append(arrays, first.arrays[name])
				}
				if err := writeModel(again, first.Manifest, arrays); err != nil {
					t.Errorf("cannot be written: %v", err)
					return true
				}
				second, err := Load(again)
				if err != nil {
					t.Errorf("written and read again: %v", err)
					return true
				}
				if !reflect.DeepEqual(second.arrays, first.arrays) || sealed(t, second) != sealed(t, first) {
					t.Error("written and read again the model differs")
				}
				return true
			})
		})
	}
}

func sealed(t *testing.T, m *Model) string {
	t.Helper()
	seal, err := m.Manifest.seal()
	if err != nil {
		t.Error(err)
	}
	return seal
}

// A checkpoint of which a file is damaged is refused, or it is the state of a step.
func TestDamagedCheckpoints(t *testing.T) {
	o := tinyOptions()
	tr := prepared(t, someFlows(t, 8, 30, 1), o)
	if err := tr.writeCheckpoint(); err != nil {
		t.Fatal(err)
	}
	dir := checkpointPath(tr.dir, 0)
	for _, name := range []string{stateFile, optimiserFile, manifestFile, weightsFile} {
		path := filepath.Join(dir, name)
		original, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		state, err := os.ReadFile(filepath.Join(dir, stateFile))
		if err != nil {
			t.Fatal(err)
		}
		t.Run(name, func(t *testing.T) {
			damage.Each(t, [][]byte{original}, func(t *testing.T, content []byte) bool {
				if err := os.WriteFile(path, content, 0o644); err != nil {
					t.Fatal(err)
				}
				if name == optimiserFile {
					var s loopState
					if err := json.Unmarshal(state, &s); err != nil {
						t.Fatal(err)
					}
					s.Optimiser = digest(content)
					text, err := json.Marshal(s)
					if err == nil {
						err = os.WriteFile(filepath.Join(dir, stateFile), text, 0o644)
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				found, err := tr.readCheckpoint()
				if err != nil && !errors.Is(err, ErrModel) {
					t.Errorf("%v, want %v", err, ErrModel)
				}
				return found && err == nil
			})
		})
		for path, content := range map[string][]byte{path: original, filepath.Join(dir, stateFile): state} {
			if err := os.WriteFile(path, content, 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
}
