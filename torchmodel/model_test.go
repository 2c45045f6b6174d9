package torchmodel

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/leaktest"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset"
)

// copyOfModel copies the two files of the reference model.
func copyOfModel(t testing.TB) (dir string) {
	t.Helper()
	referenceModel(t)
	dir = t.TempDir()
	for _, name := range []string{manifestFile, weightsFile} {
		data, err := os.ReadFile(filepath.Join(reference.dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// contents are what a model folder holds, for tests that write it anew with digests that fit.
type contents struct {
	manifest Manifest
	arrays   []safetensors.Tensor
}

func (c *contents) array(name string) *safetensors.Tensor {
	i := slices.IndexFunc(c.arrays, func(a safetensors.Tensor) bool { return a.Name == name })
	return &c.arrays[i]
}

// rewritten is a model folder with other contents than the reference model, and right digests.
func rewritten(t testing.TB, m *Model, change func(*contents)) string {
	t.Helper()
	var c contents
	text, err := json.Marshal(m.Manifest)
	if err == nil {
		err = json.Unmarshal(text, &c.manifest)
	}
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range sortedNames(m.arrays) {
		a := m.arrays[name]
		a.Data, a.Shape = slices.Clone(a.Data), slices.Clone(a.Shape)
		c.arrays = append(c.arrays, a)
	}
	change(&c)
	dir := t.TempDir()
	if err := writeModel(dir, c.manifest, c.arrays); err != nil {
		t.Fatal(err)
	}
	return dir
}

// refused fails the test unless the model in dir is refused with a message that names the file and holds all of words.
func refused(t *testing.T, dir, file string, words ...string) {
	t.Helper()
	_, err := Load(dir)
	if !errors.Is(err, ErrModel) {
		t.Errorf("got error %v, want %v", err, ErrModel)
		return
	}
	for _, word := range append(words, filepath.Join(dir, file)) {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("got error %v, want one that says %q", err, word)
		}
	}
}

func TestLoadedModelIsTheTrainedOne(t *testing.T) {
	leaktest.Check(t)
	want := referenceModel(t)
	got, err := Load(copyOfModel(t))
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(got.Manifest, want.Manifest) || got.Digest() != want.Digest() || got.Weights() != want.Weights() {
		t.Error("a copied model differs from its original")
	}
	same, err := Load(rewritten(t, want, func(*contents) {}))
	if err != nil || same.Digest() != want.Digest() {
		t.Errorf("written again the model has digest %s and error %v, want %s", same.Digest(), err, want.Digest())
	}
}

func TestModelsCutShortAreRefused(t *testing.T) {
	leaktest.Check(t)
	for _, name := range []string{manifestFile, weightsFile} {
		dir := copyOfModel(t)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		// A manifest is whole without the line feed at its end.
		last := len(whole) - 2
		for n := range 100 {
			if err := os.WriteFile(path, whole[:last*n/99], 0o644); err != nil {
				t.Fatal(err)
			}
			refused(t, dir, name)
		}
	}
}

// A changed byte is refused, or changes nothing that the model says, as one between two fields of the manifest.
func TestModelsWithAChangedByteAreRefused(t *testing.T) {
	want := referenceModel(t)
	for _, name := range []string{manifestFile, weightsFile} {
		dir := copyOfModel(t)
		path := filepath.Join(dir, name)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		step := len(whole)/300 + 1
		harmless := 0
		for at := 0; at < len(whole); at += step {
			altered := slices.Clone(whole)
			altered[at] ^= 1 << (at / step % 8)
			if err := os.WriteFile(path, altered, 0o644); err != nil {
				t.Fatal(err)
			}
			m, err := Load(dir)
			switch {
			case err == nil && reflect.DeepEqual(m.Manifest, want.Manifest) && name == manifestFile:
				harmless++
			case err == nil:
				t.Errorf("%s: byte %d: the altered model loads", name, at)
			default:
				refused(t, dir, "")
			}
		}
		if harmless > 100 {
			t.Errorf("%s: %d of 300 changes are not noticed", name, harmless)
		}
	}
}

func TestDamagedModelsAreRefused(t *testing.T) {
	leaktest.Check(t)
	m := referenceModel(t)
	set := func(name string, at int, to float32) func(*contents) {
		return func(c *contents) { binary.LittleEndian.PutUint32(c.array(name).Data[4*at:], math.Float32bits(to)) }
	}
	const tap = "Network.Trunk.Taps[0].Weight"
	for name, tc := range map[string]struct {
		change func(*contents)
		file   string
		says   string
	}{
		"NaN in a weight":      {set(tap, 7, float32(math.NaN())), weightsFile, tap},
		"infinity in a weight": {set(tap, 0, float32(math.Inf(-1))), weightsFile, "not a finite number"},
		"a missing tensor": {func(c *contents) {
			c.arrays = slices.DeleteFunc(c.arrays, func(a safetensors.Tensor) bool { return a.Name == tap })
		}, weightsFile, tap},
		"an extra tensor": {func(c *contents) {
			c.arrays = append(c.arrays, safetensors.Float32Tensor("Network.Extra", []float32{1}, 1))
		}, weightsFile, "Network.Extra"},
		"a tensor of another shape": {func(c *contents) { slices.Reverse(c.array("Network.Memory.Weight").Shape) }, weightsFile, "Network.Memory.Weight"},
		"a tensor of another type":  {func(c *contents) { c.array(tap).DType = safetensors.I32 }, weightsFile, "I32"},
		"no profiles": {func(c *contents) {
			c.arrays = slices.DeleteFunc(c.arrays, func(a safetensors.Tensor) bool { return a.Name == quantilesName })
		}, weightsFile, "quantiles"},
		"a kind of hosts beyond any":  {set(kindMeansName, 1, 1000), weightsFile, "among its kinds"},
		"a kind of hosts of one size": {set(kindFactorsName, marks*profileSize+marks, 0), weightsFile, "spread 0 of the size"},
		"e^80 rows a day":             {set(quantilesName, marks*profileQuantiles, 80), weightsFile, fmt.Sprintf("profile variable %d", marks)},
		"a mean of a million":         {set(quantilesName, 3, 1e6), weightsFile, "profile variable 0"},
		"another format":              {nil, manifestFile, "format"},
		"a later version":             {nil, manifestFile, "later stan"},
		"an earlier version":          {nil, manifestFile, "version 0"},
		"an unknown field":            {nil, manifestFile, "colour"},
		"an unknown architecture":     {func(c *contents) { c.manifest.Arch = "gan" }, manifestFile, "gan"},
		"no config":                   {func(c *contents) { c.manifest.Config = nil }, manifestFile, "config"},
		"no vocabulary":               {func(c *contents) { c.manifest.Vocabulary = nil }, manifestFile, "vocabulary"},
		"the baseline with weights": {func(c *contents) {
			c.manifest.Arch, c.manifest.Config, c.manifest.Sweeps = ArchIndependent, nil, nil
		}, weightsFile, "tensors"},
		"the baseline with sweeps":          {func(c *contents) { c.manifest.Arch, c.manifest.Config = ArchIndependent, nil }, manifestFile, "sweeps do not go"},
		"a sweep that goes round":           {func(c *contents) { c.manifest.Sweeps.Events[0].Given = 0 }, manifestFile, "given 0"},
		"a config out of range":             {func(c *contents) { c.manifest.Config.Layers = 40 }, manifestFile, "layers 40"},
		"a wider config":                    {func(c *contents) { c.manifest.Config.Key++ }, weightsFile, "shape"},
		"the largest config":                {func(c *contents) { *c.manifest.Config = largest }, weightsFile, "numbers, want at least"},
		"a vocabulary out of range":         {func(c *contents) { c.manifest.Vocabulary.Ports[0] = 1 << 20 }, manifestFile, "ports"},
		"one exact value more":              {func(c *contents) { v := c.manifest.Vocabulary; v.Bytes.Exact = append(v.Bytes.Exact, 1<<40) }, weightsFile, "shape"},
		"a vocabulary of the wrong numbers": {func(c *contents) { c.manifest.Vocabulary.Gap.Exact = hugeTable() }, weightsFile, "numbers, want at least"},
		"places without number":             {func(c *contents) { c.manifest.Config.Place = 4096; widen(c) }, weightsFile, "numbers, want at least"},
		"a header without end":              {nil, weightsFile, "header"},
		"more than one value":               {nil, manifestFile, "more than one"},
	} {
		t.Run(name, func(t *testing.T) {
			change := tc.change
			if change == nil {
				change = func(*contents) {}
			}
			dir := rewritten(t, m, change)
			path := filepath.Join(dir, tc.file)
			edit := map[string]func(string) error{
				"another format":       replaceText(`"format": "stan-model"`, `"format": "pickle"`),
				"a later version":      replaceText(`"version": 1,`, `"version": 2, "colour": 1,`),
				"an earlier version":   replaceText(`"version": 1`, `"version": 0`),
				"an unknown field":     replaceText(`"version": 1`, `"colour": 1, "version": 1`),
				"more than one value":  func(p string) error { return appendText(p, "{}") },
				"a header without end": func(p string) error { return hugeHeader(dir) },
			}[name]
			if edit != nil {
				if err := edit(path); err != nil {
					t.Fatal(err)
				}
			}
			refused(t, dir, tc.file, tc.says)
		})
	}
}

// largest is a config whose network would take gigabytes.
var largest = Config{Width: 4096, Hidden: 4096, Layers: 12, Key: 1024, Value: 1024, Plan: 4096, Place: 4096, Mixtures: 60}

func hugeTable() []int64 {
	out := make([]int64, 60000)
	for i := range out {
		out[i] = int64(i)
	}
	return out
}

// widen gives the vocabulary 100,000 places more.
func widen(c *contents) {
	v := c.manifest.Vocabulary
	var more []netip.Prefix
	for i := range uint32(100000) {
		a := netip.AddrFrom4([4]byte{100, byte(i >> 16), byte(i >> 8), byte(i)})
		more = append(more, netip.PrefixFrom(a, 32))
	}
	v.Places = slices.Insert(v.Places, len(v.Places)-2, more...) // the last two stand for any address
}

func appendText(path, text string) error {
	old, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(old, text...), 0o644)
}

// hugeHeader makes the weights claim a header of 2^62 bytes, with a digest that fits.
func hugeHeader(dir string) error {
	weights, manifest := filepath.Join(dir, weightsFile), filepath.Join(dir, manifestFile)
	data, err := os.ReadFile(weights)
	if err != nil {
		return err
	}
	before := digest(data)
	binary.LittleEndian.PutUint64(data, 1<<62)
	if err := os.WriteFile(weights, data, 0o644); err != nil {
		return err
	}
	return replaceText(before, digest(data))(manifest)
}

func TestFoldersThatAreNoModelAreRefused(t *testing.T) {
	if _, err := Load(filepath.Join(t.TempDir(), "nowhere")); !errors.Is(err, ErrMissing) {
		t.Errorf("no folder: got error %v, want %v", err, ErrMissing)
	}
	empty := t.TempDir()
	refused(t, empty, manifestFile, "missing")

	half := copyOfModel(t)
	if err := os.Remove(filepath.Join(half, weightsFile)); err != nil {
		t.Fatal(err)
	}
	refused(t, half, weightsFile, "missing")

	if err := os.Mkdir(filepath.Join(empty, manifestFile), 0o755); err != nil {
		t.Fatal(err)
	}
	refused(t, empty, manifestFile, "not a regular file")

	for name, size := range map[string]int64{manifestFile: manifestLimit + 1, weightsFile: 4<<30 + 1} {
		large := copyOfModel(t)
		if err := os.Truncate(filepath.Join(large, name), size); err != nil { // a file with a hole: it takes no room
			t.Fatal(err)
		}
		refused(t, large, name, "at most")
	}
}

// FuzzLoad holds Load to its law: what it loads generates flows that keep the hard rules, what it refuses is an ErrModel, and
// nothing panics. The weights are those of a small model with edits, each the place of 4 bytes and what is to stand there. The
// digests are made to fit, so that what is behind them is reached.
func FuzzLoad(f *testing.F) {
	manifest, weights := fuzzSeed(f)
	length := binary.LittleEndian.Uint64(weights) // of the header
	edit := func(at uint64, bits uint32) []byte {
		return binary.LittleEndian.AppendUint32(binary.LittleEndian.AppendUint32(nil, uint32(at)), bits)
	}
	f.Add(manifest, []byte{})
	f.Add(bytes.Replace(manifest, []byte(`"mtu":`), []byte(`"mtu":1`), 1), edit(8+length+4*100, math.Float32bits(1e30)))
	f.Add(manifest[:len(manifest)/2], edit(0, 1<<30))
	f.Fuzz(func(t *testing.T, manifest, edits []byte) {
		dir, weights := t.TempDir(), slices.Clone(weights)
		for ; len(edits) >= 8; edits = edits[8:] {
			at := int(binary.LittleEndian.Uint32(edits)) % (len(weights) - 3)
			copy(weights[at:], edits[4:8])
		}
		manifest = bytes.Replace(manifest, []byte(digest(nil)), []byte(digest(weights)), 1)
		for name, data := range map[string][]byte{manifestFile: manifest, weightsFile: weights} {
			if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		m, err := Load(dir)
		if err != nil {
			if !errors.Is(err, ErrModel) {
				t.Errorf("got error %v, want %v", err, ErrModel)
			}
			return
		}
		ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
		defer cancel()
		o := dayOf(2)
		o.Rows, o.Internal = 40, networks
		var flows []dataset.Flow
		rows, err := m.Generate(ctx, o, func(part []dataset.Flow) error {
			flows = append(flows, part...)
			return nil
		}, nil)
		if err != nil || rows != o.Rows {
			t.Fatalf("%d rows with error %v, want %d", rows, err, o.Rows)
		}
		if m.Manifest.Arch == ArchStan {
			keepsRules(t, m, flows, networks)
		}
	})
}

// fuzzSeed is a small model without a seal, whose manifest has the digest of nothing for that of its weights.
func fuzzSeed(t testing.TB) (manifest, weights []byte) {
	o := tinyOptions()
	s, err := splitSets(context.Background(), someFlows(t, 8, 3, 50), nil, o, &watcher{})
	if err != nil {
		t.Fatal(err)
	}
	tr, err := newTrainer(s, t.TempDir(), o, &watcher{})
	defer tr.free()
	if err != nil {
		t.Fatal(err)
	}
	m := tr.manifest()
	m.Format, m.Version, m.Weights = "stan-model", manifestVersion, digest(nil)
	if manifest, err = json.Marshal(m); err != nil {
		t.Fatal(err)
	}
	var file bytes.Buffer
	if err := safetensors.Write(&file, append(parameters(flowsOf(tr).net), flowsOf(tr).profiles.arrays()...), nil); err != nil {
		t.Fatal(err)
	}
	return manifest, file.Bytes()
}

// leastWeights must never ask for more than a network has: its own model would be refused.
func TestLeastWeightsIsALowerBound(t *testing.T) {
	v := referenceModel(t).Manifest.Vocabulary
	for _, c := range []Config{
		tinyOptions().Config, DefaultConfig(),
		{Width: 200, Hidden: 8, Layers: 1, Key: 1, Value: 1, Plan: 16, Place: 8, Mixtures: 1},
		{Width: 8, Hidden: 200, Layers: 1, Key: 1, Value: 1, Plan: 16, Place: 8, Mixtures: 1},
		{Width: 8, Hidden: 8, Layers: 12, Key: 1, Value: 1, Plan: 16, Place: 200, Mixtures: 1},
	} {
		n := newNetwork(c, v)
		if got := countWeights(n); got < leastWeights(c, v) || float64(got) > 1.5*float64(leastWeights(c, v))+2e5 {
			t.Errorf("%+v: %d weights, of which leastWeights tells %d, want nearly all and no more", c, got, leastWeights(c, v))
		}
		n.Free()
	}
	if torch.LiveHandles() != 0 {
		t.Errorf("%d tensors alive", torch.LiveHandles())
	}
}
