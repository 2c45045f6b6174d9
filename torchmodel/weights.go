package torchmodel

import (
	"encoding/binary"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"

	"github.com/google/renameio/v2"
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/nn"
	"github.com/wangkuiyi/gotorch/safetensors"
)

func float32Bytes(x []float32) []byte {
	b := make([]byte, 0, 4*len(x))
	for _, v := range x {
		b = binary.LittleEndian.AppendUint32(b, math.Float32bits(v))
	}
	return b
}

func bytesFloat32(b []byte) []float32 {
	x := make([]float32, len(b)/4)
	for i := range x {
		x[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
	}
	return x
}

// notFinite is the index of the first NaN or infinity, -1 if there is none.
func notFinite(x []float32) int {
	return slices.IndexFunc(x, func(v float32) bool { return v-v != 0 })
}

// module is what has parameters in a stable order.
type module interface{ OrderedParameters() []nn.NamedTensor }

// parameters are a module's parameters as arrays of a file.
func parameters(m module) []safetensors.Tensor {
	var out []safetensors.Tensor
	for _, p := range m.OrderedParameters() {
		out = append(out, array(p.Name, p.Tensor.Float32s(), p.Tensor.Shape()...))
	}
	return out
}

// loadState makes tensors of the arrays that n's parameters are named after. The caller frees them.
func loadState(n module, arrays map[string]safetensors.Tensor) (map[string]torch.Tensor, error) {
	state := map[string]torch.Tensor{}
	for _, p := range n.OrderedParameters() {
		a, ok := arrays[p.Name]
		if !ok {
			freeAll(state)
			return nil, &torch.Error{Op: "load", Msg: fmt.Sprintf("tensor %q is missing", p.Name)}
		}
		state[p.Name] = torch.FromFloat32(bytesFloat32(a.Data), a.Shape...)
	}
	return state, nil
}

func freeAll(state map[string]torch.Tensor) {
	for _, t := range state {
		t.Free()
	}
}

// writeFile writes a file as a whole or not at all.
func writeFile(path string, data []byte) error {
	return writeError(renameio.WriteFile(path, data, 0o644))
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
