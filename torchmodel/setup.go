package torchmodel

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset/encode"
	"stan/dataset/table"
)

// A training that is run again by the same command goes on, or has nothing left to do, only if data and options are those of the
// run before. Checkpoints and models hold a digest of both.

// identify completes what is told of a training by the digest of its options and of data, whose JSON differs where the data do, and
// by how long it may take, which may change as long as it has not ended.
func (t *Training) identify(o TrainOptions, data any) error {
	epochs, maxTime := o.Epochs, o.MaxTime
	o.Resume, o.Force, o.Device, o.Threads, o.Memory, o.Checkpoint, o.MaxTime, o.Epochs = false, false, torch.Device{}, 0, 0, 0, 0, 0
	text, err := json.Marshal(struct {
		Options TrainOptions
		Data    any
	}{o, data})
	if err != nil {
		return err
	}
	sum := sha256.Sum256(text)
	t.Setup, t.Epochs, t.MaxTime = hex.EncodeToString(sum[:8]), epochs, maxTime.Seconds()
	return nil
}

// finished is the model that stands in the folder dir, nil if none does. It is refused unless the training want would give it. What
// the run that wrote it may not have come to do is done.
func finished(dir string, want *Training, obs Observer) (*Model, error) {
	if !holdsModel(dir) {
		return nil, nil
	}
	m, err := Load(dir)
	if err != nil {
		return nil, err
	}
	if got := m.Manifest.Training; got.Setup != want.Setup || got.Epochs != want.Epochs || got.MaxTime != want.MaxTime {
		return nil, fmt.Errorf("%s: %w: it holds a model of other data or options, want --force to replace it", dir, ErrExists)
	}
	if err := syncFolder(dir); err != nil {
		return nil, err
	}
	removeCheckpoints(dir)
	obs.Note("the model is finished already", "folder", dir)
	return m, nil
}

// holdsModel tells whether the folder dir holds a model that is finished.
func holdsModel(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, manifestFile))
	return err == nil
}

// rowSum is a digest of rows of flows in their order: FNV-1a of words.
type rowSum uint64

func (s *rowSum) add(r *encode.Row) {
	for _, word := range [...]uint64{
		uint64(r.End), uint64(r.Duration), uint64(r.Packets), uint64(r.Bytes), uint64(r.Addr[0])<<32 | uint64(r.Addr[1]),
		uint64(r.Addr[2])<<32 | uint64(r.Addr[3]), uint64(r.LocalPort)<<16 | uint64(r.RemotePort),
		uint64(r.Outbound)<<32 | uint64(r.Proto)<<24 | uint64(r.Flags)<<16 | uint64(r.ToS)<<8 | uint64(r.Label),
	} {
		*s = (*s ^ rowSum(word)) * 1099511628211
	}
}

// tableSum is a digest of a table's rows in their order.
func tableSum(t *table.Table) uint64 {
	sum := fnv.New64a()
	_ = binary.Write(sum, binary.LittleEndian, t.Times)
	_ = binary.Write(sum, binary.LittleEndian, t.Values)
	return sum.Sum64()
}
