package torchmodel

import (
	"errors"
	"fmt"
	"os"
	"syscall"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
)

// A network reads the windows of its rows in random order, so all rows stay at hand, however many there are: up to
// TrainOptions.Memory of them in memory, the others in a scratch file in the model folder, which the system caches as it can.
// Nothing that is learned depends on which lie where.

// room is where a corpus lies: up to memory bytes of it in memory, the others in a scratch file in dir. The zero room has no
// file: all is memory.
type room struct {
	memory int64
	dir    string
}

// scratchPattern is the name of a scratch file for as long as it has one.
const scratchPattern = ".scratch-*"

// openScratch makes a file without a name, which goes with its process, however that ends.
func openScratch(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, scratchPattern)
	if err != nil {
		return nil, writeError(err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, writeError(err)
	}
	return f, nil
}

// checkSpace tells before the long work that a scratch file of so many rows and hosts will not fit.
func (m room) checkSpace(rows int64, hosts int) error {
	s := lanes.SizesOf()
	beyond := rows*int64(s.RowBytes) + int64(hosts)*int64(s.PlanBytes) - m.memory
	var disk syscall.Statfs_t
	if err := syscall.Statfs(m.dir, &disk); err != nil {
		return writeError(&os.PathError{Op: "statfs", Path: m.dir, Err: err})
	}
	if free := float64(disk.Bavail) * float64(disk.Bsize); float64(beyond) > free {
		const mib = 1 << 20
		return fmt.Errorf("scratch file in %s: %w: %.1f MiB are free, want more than %.1f MiB for the rows beyond a memory of %d MiB",
			m.dir, ErrCannotWrite, free/mib, float64(beyond)/mib, m.memory/mib)
	}
	return nil
}

// fileError classifies an error of the corpus that the system's refusal to write or read its file caused.
func (c *corpus) fileError(err error) error {
	var no syscall.Errno
	if !errors.As(err, &no) {
		return err
	}
	return fmt.Errorf("scratch file in %s: %w", c.room.dir, writeError(err))
}

// Replay is that of lanes.Corpus.
func (c *corpus) Replay(scope *torch.Scope, chunks []lanes.Chunk, context, length int) (*lanes.Batch, error) {
	b, err := c.Corpus.Replay(scope, chunks, context, length)
	return b, c.fileError(err)
}

// ReplayEven is that of lanes.Corpus.
func (c *corpus) ReplayEven(scope *torch.Scope, chunks []lanes.Chunk, context, length int) (*lanes.Batch, error) {
	b, err := c.Corpus.ReplayEven(scope, chunks, context, length)
	return b, c.fileError(err)
}

// Free releases the corpus and its file.
func (c *corpus) Free() {
	if c.Corpus != nil {
		c.Corpus.Free()
	}
	if c.file != nil {
		c.file.Close()
	}
}
