package torchmodel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/encode"
)

// The architectures that train and generate.
const (
	ArchStan        = "stan"
	ArchIndependent = "independent"
)

// The files of a model folder.
const (
	manifestFile = "model.json"
	weightsFile  = "model.safetensors"
)

// manifestVersion is that of the model folder's format, docs/format/model.md.
const manifestVersion = 1

// manifestLimit bounds model.json; the largest part is the table of places.
const manifestLimit = 64 << 20

// Manifest is model.json: everything of a model but its numbers.
type Manifest struct {
	Format     string             `json:"format"` // "stan-model"
	Version    int                `json:"version"`
	Arch       string             `json:"arch"`
	Config     *Config            `json:"config,omitempty"` // of arch stan
	Vocabulary *encode.Vocabulary `json:"vocabulary"`
	Training   Training           `json:"training"`
	Weights    string             `json:"weights_sha256"` // of model.safetensors
}

// Training tells what a model was made of.
type Training struct {
	Seed     int64              `json:"seed"`
	Flows    int64              `json:"flows"`
	Hosts    int                `json:"hosts"`
	First    int64              `json:"first"` // end of the first flow, µs since 1970 UTC
	Steps    int                `json:"steps"`
	ValidNLL map[string]float64 `json:"valid_nll,omitempty"` // nats a row, by attribute
}

// Model is what generates: a vocabulary, the distribution of host profiles, and weights or counts.
type Model struct {
	Manifest Manifest
	profiles *Profiles
	arrays   map[string]safetensors.Tensor
}

const (
	quantilesName   = "profiles.quantiles"
	correlationName = "profiles.correlation"
)

// array makes a float32 tensor of a file.
func array(name string, data []float32, shape ...int64) safetensors.Tensor {
	return safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape, Data: float32Bytes(data)}
}

func (p *Profiles) arrays() []safetensors.Tensor {
	return []safetensors.Tensor{
		array(quantilesName, p.quantiles, profileSize, profileQuantiles),
		array(correlationName, p.correlation, profileSize, profileSize),
	}
}

// Digest identifies the model's numbers.
func (m *Model) Digest() string { return m.Manifest.Weights }

// Weights is how many numbers the model holds.
func (m *Model) Weights() int {
	n := 0
	for _, a := range m.arrays {
		n += len(a.Data) / 4
	}
	return n
}

// writeModel puts the model's two files into the folder dir, which exists. The manifest comes last: a folder with one is whole.
func writeModel(dir string, m Manifest, tensors []safetensors.Tensor) (Manifest, error) {
	var weights bytes.Buffer
	if err := safetensors.Write(&weights, tensors, map[string]string{"format": "stan-model"}); err != nil {
		return m, err
	}
	sum := sha256.Sum256(weights.Bytes())
	m.Format, m.Version, m.Weights = "stan-model", manifestVersion, hex.EncodeToString(sum[:])
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return m, err
	}
	if err := writeFile(filepath.Join(dir, weightsFile), weights.Bytes()); err != nil {
		return m, err
	}
	return m, writeFile(filepath.Join(dir, manifestFile), append(text, '\n'))
}

// refuse is an ErrModel about a file.
func refuse(path, format string, args ...any) error {
	return fmt.Errorf("%w: %s: %s", ErrModel, path, fmt.Sprintf(format, args...))
}

// Load reads the model folder dir. It refuses one that is not whole, not of this version or not what its digest says.
func Load(dir string) (*Model, error) {
	path := filepath.Join(dir, manifestFile)
	text, err := readLimited(path, manifestLimit)
	if errors.Is(err, fs.ErrNotExist) && len(checkpoints(dir)) > 0 {
		return nil, refuse(dir, "training has not ended: go on with train --resume, or name one of its checkpoint folders")
	}
	if err != nil {
		return nil, err
	}
	m := &Model{arrays: map[string]safetensors.Tensor{}}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&m.Manifest); err != nil {
		var version struct{ Version int }
		if json.Unmarshal(text, &version) == nil && version.Version > manifestVersion {
			return nil, refuse(path, "version %d, want %d: made by a later stan", version.Version, manifestVersion)
		}
		return nil, refuse(path, "%v", err)
	}
	if err := m.Manifest.validate(path); err != nil {
		return nil, err
	}
	weights := filepath.Join(dir, weightsFile)
	if err := m.readWeights(weights); err != nil {
		return nil, err
	}
	return m, nil
}

func (m *Manifest) validate(path string) error {
	switch {
	case m.Format != "stan-model":
		return refuse(path, "format %q, want \"stan-model\"", m.Format)
	case m.Version != manifestVersion:
		return refuse(path, "version %d, want %d", m.Version, manifestVersion)
	case m.Arch != ArchStan && m.Arch != ArchIndependent:
		return refuse(path, "arch %q, want %s or %s", m.Arch, ArchStan, ArchIndependent)
	case m.Vocabulary == nil:
		return refuse(path, "no vocabulary")
	case (m.Config != nil) != (m.Arch == ArchStan):
		return refuse(path, "config does not go with arch %s", m.Arch)
	}
	if err := m.Vocabulary.Validate(); err != nil {
		return refuse(path, "%v", err)
	}
	if m.Config != nil {
		if err := m.Config.Validate(); err != nil {
			return refuse(path, "%v", err)
		}
	}
	return nil
}

func (m *Model) readWeights(path string) error {
	raw, err := readLimited(path, 4<<30)
	if err != nil {
		return err
	}
	if sum := sha256.Sum256(raw); hex.EncodeToString(sum[:]) != m.Manifest.Weights {
		return refuse(path, "digest %x, want %s: the file was altered or cut short", sum, m.Manifest.Weights)
	}
	file, err := safetensors.Read(bytes.NewReader(raw), int64(len(raw)), safetensors.Limits{})
	if err != nil {
		return refuse(path, "%v", err)
	}
	for _, t := range file.Tensors {
		if t.DType != safetensors.F32 {
			return refuse(path, "tensor %q has type %s, want F32", t.Name, t.DType)
		}
		if i := notFinite(bytesFloat32(t.Data)); i >= 0 {
			return refuse(path, "tensor %q: element %d is not a finite number", t.Name, i)
		}
		m.arrays[t.Name] = t
	}
	m.profiles = &Profiles{
		quantiles:   bytesFloat32(m.arrays[quantilesName].Data),
		correlation: bytesFloat32(m.arrays[correlationName].Data),
	}
	if err := m.profiles.factorise(); err != nil {
		return refuse(path, "%v", err)
	}
	return nil
}

// newNetwork builds the model's network with its weights on a device.
func (m *Model) newNetwork(device torch.Device) (n *Network, err error) {
	err = torch.Try(func() {
		n = newNetwork(*m.Manifest.Config, m.Manifest.Vocabulary)
		state, missing := loadState(n, m.arrays)
		if missing != nil {
			panic(missing)
		}
		defer freeAll(state)
		if e := n.SetStateDict(state); e != nil {
			panic(&torch.Error{Op: "load", Msg: e.Error()})
		}
		n.To(device)
		n.Train(false)
	})
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	return n, nil
}

// readLimited reads a file of at most limit bytes.
func readLimited(path string, limit int64) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if !info.Mode().IsRegular() || info.Size() > limit {
		return nil, refuse(path, "not a regular file of at most %d bytes", limit)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIO, err)
	}
	return data, nil
}
