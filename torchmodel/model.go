package torchmodel

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/encode"
	"stan/dataset/sweeps"
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
	Config     *Config            `json:"config,omitempty"`     // of arch stan
	Vocabulary *encode.Vocabulary `json:"vocabulary,omitempty"` // of a model of flows
	Sweeps     *sweeps.List       `json:"sweeps,omitempty"`     // of arch stan, flows that are drawn by themselves
	Table      *TableSchema       `json:"table,omitempty"`      // of a model of a table
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
	// BaselineNLL is the same of the independent baseline, fitted to the same flows.
	BaselineNLL map[string]float64 `json:"baseline_nll,omitempty"`

	Setup   string  `json:"setup,omitempty"` // digest of data and options, without the two that follow
	Epochs  int     `json:"epochs,omitempty"`
	MaxTime float64 `json:"max_time_s,omitempty"`
}

// Model is what generates: a vocabulary, the distribution of host profiles, and weights or counts.
type Model struct {
	Manifest Manifest
	profiles *Profiles
	arrays   map[string]safetensors.Tensor
}

const (
	profilePrefix   = "profiles."
	quantilesName   = profilePrefix + "quantiles"
	kindWeightsName = profilePrefix + "weights"
	kindMeansName   = profilePrefix + "means"
	kindFactorsName = profilePrefix + "factors"
	kindBoundsName  = profilePrefix + "bounds"
)

func (p *Profiles) arrays() []safetensors.Tensor {
	kinds := int64(len(p.weights))
	return []safetensors.Tensor{
		safetensors.Float32Tensor(quantilesName, p.quantiles, profileSize, profileQuantiles), safetensors.Float32Tensor(kindWeightsName, p.weights, kinds),
		safetensors.Float32Tensor(kindMeansName, p.means, kinds, profileSize),
		safetensors.Float32Tensor(kindFactorsName, p.factors, kinds, profileSize, profileSize), safetensors.Float32Tensor(kindBoundsName, p.bounds, kinds, profileSize, 2),
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

// sealKey is the entry of model.safetensors' metadata that holds the manifest's seal.
const sealKey = "manifest_sha256"

// seal is the digest of all of a manifest but the weights' digest. It stands in the weights' file, so that either file tells
// whether the other was altered.
func (m Manifest) seal() (string, error) {
	m.Weights = ""
	text, err := json.Marshal(m)
	return digest(text), err
}

// saveModel writes a finished model to the folder dir, and reads it back. One that cannot be read, or that may not last, is
// withdrawn; if the system refuses that too, the run that resumes finds it.
func saveModel(dir string, m Manifest, tensors []safetensors.Tensor) (*Model, error) {
	err := writeModel(dir, m, tensors)
	if err == nil {
		var saved *Model
		if saved, err = Load(dir); err == nil {
			return saved, nil
		}
	}
	_ = removeModel(dir)
	return nil, err
}

// removeModel removes the model's two files from the folder dir, the manifest first so that no half of it passes for one.
func removeModel(dir string) error {
	for _, name := range []string{manifestFile, weightsFile} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return writeError(err)
		}
	}
	return nil
}

// writeModel puts the model's two files into the folder dir, which exists, to last. The manifest comes last: a folder with one
// is whole.
func writeModel(dir string, m Manifest, tensors []safetensors.Tensor) error {
	m.Format, m.Version = "stan-model", manifestVersion
	seal, err := m.seal()
	if err != nil {
		return err
	}
	m.Weights, err = writeArrays(filepath.Join(dir, weightsFile), tensors, map[string]string{sealKey: seal})
	if err != nil {
		return err
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, manifestFile), append(text, '\n')); err != nil {
		return err
	}
	return syncFolder(dir)
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
	if _, none := os.Stat(dir); none == nil && errors.Is(err, fs.ErrNotExist) {
		return nil, refuse(path, "missing, want a folder that stan train has finished")
	}
	if err != nil {
		return nil, err
	}
	m := &Model{arrays: map[string]safetensors.Tensor{}}
	if err := decodeStrictly(text, &m.Manifest); err != nil {
		var version struct{ Version int }
		if json.Unmarshal(text, &version) == nil && version.Version > manifestVersion {
			return nil, refuse(path, "version %d, want %d: made by a later stan", version.Version, manifestVersion)
		}
		return nil, refuse(path, "%v", err)
	}
	if err := m.Manifest.validate(path); err != nil {
		return nil, err
	}
	if err := m.readWeights(dir); err != nil {
		return nil, err
	}
	return m, nil
}

// decodeStrictly reads one JSON value whose fields are all known.
func decodeStrictly(text []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(into); err != nil {
		return err
	}
	if _, err := d.Token(); err != io.EOF {
		return errors.New("more than one JSON value")
	}
	return nil
}

func (m *Manifest) validate(path string) error {
	arch, err := findArch(m.Arch)
	if err != nil {
		return refuse(path, "%v", err)
	}
	switch {
	case m.Format != "stan-model":
		return refuse(path, "format %q, want \"stan-model\"", m.Format)
	case m.Version != manifestVersion:
		return refuse(path, "version %d, want %d", m.Version, manifestVersion)
	case arch.flows == nil && m.Vocabulary != nil:
		return refuse(path, "a vocabulary, but arch %s does not learn flows", m.Arch)
	case arch.table == nil && m.Table != nil:
		return refuse(path, "a table, but arch %s does not learn tables", m.Arch)
	case (m.Vocabulary != nil) == (m.Table != nil):
		return refuse(path, "vocabulary and table, want one of them")
	case (m.Config != nil) != (m.Arch == ArchStan):
		return refuse(path, "config does not go with arch %s", m.Arch)
	case m.Sweeps != nil && (m.Arch != ArchStan || m.Vocabulary == nil):
		return refuse(path, "sweeps do not go with arch %s", m.Arch)
	}
	if m.Table != nil {
		err = m.Table.Validate()
	} else {
		err = m.Vocabulary.Validate()
	}
	if err != nil {
		return refuse(path, "%v", err)
	}
	if err := m.Sweeps.Validate(); err != nil {
		return refuse(path, "%v", err)
	}
	if m.Config != nil {
		if err := m.Config.Validate(); err != nil {
			return refuse(path, "%v", err)
		}
		if err := m.Config.Without.check(m.Vocabulary); err != nil {
			return refuse(path, "%v", err)
		}
	}
	return nil
}

// readWeights reads and checks the numbers of the model in the folder dir.
func (m *Model) readWeights(dir string) error {
	path := filepath.Join(dir, weightsFile)
	tensors, metadata, err := readArrays(path, m.Manifest.Weights)
	if err != nil {
		return err
	}
	seal, err := m.Manifest.seal()
	if want, sealed := metadata[sealKey]; err != nil || sealed && want != seal {
		return refuse(filepath.Join(dir, manifestFile), "digest %s, %s wants %q: the file was altered", seal, weightsFile, want)
	}
	var numbers int64
	for _, t := range tensors {
		m.arrays[t.Name] = t
		numbers += int64(len(t.Data)) / 4
	}
	if m.Manifest.Table != nil {
		err = m.checkTable()
	} else {
		err = m.checkFlows(numbers)
	}
	if err != nil {
		return refuse(path, "%v", err)
	}
	return nil
}

// checkFlows checks that the arrays, of so many numbers in all, are those of a model of flows.
func (m *Model) checkFlows(numbers int64) (err error) {
	if m.profiles, err = readProfiles(m.arrays); err != nil {
		return err
	}
	arch, err := findArch(m.Manifest.Arch)
	if err != nil {
		return err
	}
	return arch.flows.check(m, numbers)
}

// checkTable checks that the arrays are those of a model of a table.
func (m *Model) checkTable() error {
	t, err := m.openTable(torch.Device{})
	if err != nil {
		return err
	}
	t.free()
	return nil
}

// openTable makes what draws of a model of a table. The caller frees it.
func (m *Model) openTable(device torch.Device) (tableModel, error) {
	arch, err := findArch(m.Manifest.Arch)
	if err != nil {
		return nil, err
	}
	return arch.table.open(m, device)
}

// checkNetwork checks that the arrays, of so many numbers in all, are those of the network.
func (m *Model) checkNetwork(numbers int64) error {
	// Nothing is made in the size that a file claims before it has as many numbers.
	if least := leastWeights(*m.Manifest.Config, m.Manifest.Vocabulary); least > numbers {
		return fmt.Errorf("%d numbers, want at least %d for this config and vocabulary", numbers, least)
	}
	n, err := m.newNetwork(torch.Device{})
	if err != nil {
		return err
	}
	n.Free()
	return nil
}

// newNetwork builds the model's network with its weights on a device. The caller frees it.
func (m *Model) newNetwork(device torch.Device) (*Network, error) {
	return loaded(m, device, func() *Network { return newNetwork(*m.Manifest.Config, m.Manifest.Vocabulary) })
}

// loaded gives a network, made by fresh, the model's weights on a device. The caller frees it.
func loaded[N network](m *Model, device torch.Device, fresh func() N) (n N, err error) {
	made := false
	e := torch.Try(func() {
		n, made = fresh(), true
		if err = setWeights(n, m.arrays); err == nil {
			n.To(device)
			n.Train(false)
		}
	})
	if e != nil {
		err = e
	}
	if err != nil && made {
		n.Free()
	}
	return n, err
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
	if errors.Is(err, fs.ErrPermission) {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrIO, err)
	}
	return data, nil
}
