package dataset

import (
	"bytes"
	"context"
	"fmt"
	"io"
)

// read reads one file, and digests it on the way.
func (g *ingester) read(ctx context.Context, index int) error {
	digest := newSourceDigest(g.options.Key)
	in, err := openInput(g.files[index], g.options.Stdin, func(chunk []byte) {
		g.bytes.Add(int64(len(chunk)))
		digest.Write(chunk)
	})
	if err != nil {
		return err
	}
	defer in.close()
	if err := g.readInput(ctx, in, index); err != nil || ctx.Err() != nil {
		return err
	}
	err = in.drain()
	g.digests[index] = digest.Sum(nil)
	return err
}

// readInput cuts a file of text into blocks of whole lines and sends them to the workers. Others it reads itself.
func (g *ingester) readInput(ctx context.Context, in *input, index int) error {
	for _, f := range g.formats {
		if f.magic != nil && f.magic(in.head()) {
			return f.read(g, ctx, in, index)
		}
	}
	c := &cutter{ingester: g, in: in, index: index, line: 1}
	if !c.fetch(ctx) {
		return nil // cancelled
	}
	for {
		ended, err := c.fill()
		if err != nil {
			return in.failure(err, c.line-1+int64(bytes.Count(c.buffer[:c.filled], []byte{'\n'})))
		}
		if c.line == 1 {
			c.dropMark()
		}
		if c.layout == nil {
			if c.layout, err = detectLayout(c.buffer[:c.filled], g.formats); err != nil {
				return fmt.Errorf("dataset: %s: %w: %w", in.name, ErrInput, err)
			}
		}
		whole := bytes.LastIndexByte(c.buffer[:c.filled], '\n') + 1
		if ended {
			whole = c.filled
		}
		if whole == 0 && !ended {
			if skipped, err := c.skipLine(ctx); err != nil || !skipped {
				return err
			}
			continue
		}
		if whole > 0 && !c.cut(ctx, whole) {
			return nil
		}
		if ended {
			g.pool <- c.buffer
			return nil
		}
	}
}

// cutter holds the text of one file between reading and sending.
type cutter struct {
	*ingester
	in     *input
	index  int
	layout *layout // nil as long as there were blank lines only
	buffer []byte
	filled int
	line   int64 // number of the first line in buffer
}

// fetch takes a buffer from the pool; it is false when the run was cancelled.
func (c *cutter) fetch(ctx context.Context) bool {
	select {
	case c.buffer = <-c.pool:
		return true
	case <-ctx.Done():
		return false
	}
}

// fill reads until the buffer is full or the file ends.
func (c *cutter) fill() (ended bool, err error) {
	for c.filled < len(c.buffer) {
		n, err := c.in.text.Read(c.buffer[c.filled:])
		c.filled += n
		if err == io.EOF {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// dropMark removes a UTF-8 byte order mark.
func (c *cutter) dropMark() {
	if rest, marked := bytes.CutPrefix(c.buffer[:c.filled], []byte("\xef\xbb\xbf")); marked {
		c.filled = copy(c.buffer, rest)
	}
}

// block returns a block of the file without its text.
func (c *cutter) block() block {
	b := block{input: c.index, name: c.inputName(c.index), withheld: c.pseudonyms != nil, layout: c.layout, firstLine: c.line}
	if b.layout == nil {
		b.layout = ugr16Layout // any does for blank lines
	}
	return b
}

// cut hands the first bytes of the buffer to the workers and keeps the rest in a new one.
func (c *cutter) cut(ctx context.Context, whole int) bool {
	b := c.block()
	b.text, b.buffer = c.buffer[:whole], c.buffer
	c.line += int64(bytes.Count(b.text, []byte{'\n'}))
	left := c.buffer[whole:c.filled]
	if !c.fetch(ctx) {
		return false
	}
	c.filled = copy(c.buffer, left)
	return c.send(ctx, b)
}

// skipLine counts a line that fills the whole buffer as refused and reads on to its end, or that of the file. It is false
// when the run was cancelled.
func (c *cutter) skipLine(ctx context.Context) (bool, error) {
	counts := newBlockTally()
	counts.refuse(c.block(), c.line, c.buffer[:c.filled], tooLong, "")
	if !c.sendParsed(ctx, c.block(), nil, counts) {
		return false, nil
	}
	for skipped, ended := 0, false; ; {
		if end := bytes.IndexByte(c.buffer[:c.filled], '\n'); end >= 0 {
			c.filled = copy(c.buffer, c.buffer[end+1:c.filled])
			c.line++
			return true, nil
		}
		skipped += c.filled
		c.filled = 0
		if ended {
			return true, nil
		}
		if skipped > maxSkipBytes {
			return false, fmt.Errorf("dataset: %s: %w: line %d is longer than %d MiB, want a capture",
				c.in.name, ErrInput, c.line, maxSkipBytes>>20)
		}
		var err error
		if ended, err = c.fill(); err != nil {
			return false, c.in.failure(err, c.line)
		}
	}
}
