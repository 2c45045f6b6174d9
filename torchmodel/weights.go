package torchmodel

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/safetensors"

	"stan/dataset/encode"
)

// notFinite is the index of the first NaN or infinity, -1 if there is none.
func notFinite(x []float32) int {
	return slices.IndexFunc(x, func(v float32) bool { return v-v != 0 })
}

// parameters are a network's parameters as arrays of a file.
func parameters(n network) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, p := range n.OrderedParameters() {
		out = append(out, safetensors.Float32Tensor(p.Name, p.Tensor.Float32s(), p.Tensor.Shape()...))
	}
	return out
}

// leastWeights bounds the number of a network's weights from below: tables, hidden layers and classes of the heads, trunk.
// What it leaves out is small for any config that is valid.
func leastWeights(c Config, v *encode.Vocabulary) int64 {
	l := newLayout(v)
	d, h := int64(c.Width), int64(c.Hidden)
	n := l.inputs*(d+h) + int64(l.sizes.JointRows)*h + (l.answeredRows(v)+l.lastedRows(v))*h + int64(c.Layers)*4*d*d + l.classes[Place]*int64(c.Place)
	for head := range valueIndex {
		n += h*h + l.classes[head]*h
	}
	for head := range classIndex {
		n += h*h + l.classes[head]*h
	}
	return n
}

// setWeights gives n's parameters the values of the arrays named after them, which must be all but the profiles' own.
func setWeights(n network, arrays map[string]safetensors.Tensor) error {
	state := map[string]torch.Tensor{}
	defer func() {
		for _, t := range state {
			t.Free()
		}
	}()
	for name, a := range arrays {
		if !strings.HasPrefix(name, profilePrefix) {
			state[name] = torch.FromFloat32(a.Float32s(), a.Shape...)
		}
	}
	return n.SetStateDict(state)
}

func digest(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// writeArrays writes a file of arrays and returns its digest.
func writeArrays(path string, arrays []safetensors.Tensor, metadata map[string]string) (string, error) {
	var file bytes.Buffer
	if err := safetensors.Write(&file, arrays, metadata); err != nil {
		return "", err
	}
	return digest(file.Bytes()), writeFile(path, file.Bytes())
}

// readArrays reads a file of float32 arrays, all finite, that has the digest want.
func readArrays(path, want string) ([]safetensors.Tensor, map[string]string, error) {
	raw, err := readLimited(path, 4<<30)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil, refuse(path, "missing")
	}
	if err != nil {
		return nil, nil, err
	}
	if got := digest(raw); got != want {
		return nil, nil, refuse(path, "digest %s, want %q: the file was altered or cut short", got, want)
	}
	file, err := safetensors.Read(bytes.NewReader(raw), int64(len(raw)), safetensors.Limits{})
	if err != nil {
		return nil, nil, refuse(path, "%v", err)
	}
	for _, a := range file.Tensors {
		if a.DType != safetensors.F32 {
			return nil, nil, refuse(path, "tensor %q has type %s, want F32", a.Name, a.DType)
		}
		if i := notFinite(a.Float32s()); i >= 0 {
			return nil, nil, refuse(path, "tensor %q: element %d is not a finite number", a.Name, i)
		}
	}
	return file.Tensors, file.Metadata, nil
}

// writeFile writes a file as a whole or not at all. Until then its data have a hidden name beside it.
func writeFile(path string, data []byte) error {
	return writeError(renameio.WriteFile(path, data, 0o644, renameio.WithTempDir(filepath.Dir(path))))
}

// syncFolder makes the names in a folder last.
func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return writeError(err)
	}
	defer d.Close()
	return writeError(d.Sync())
}

// replaceFolder gives the folder at path, complete, its name target, and makes that last.
func replaceFolder(path, target string) error {
	if err := syncFolder(path); err != nil {
		return err
	}
	if err := os.Rename(path, target); err != nil {
		return writeError(err)
	}
	return syncFolder(filepath.Dir(target))
}
