package lanes_test

import (
	"math/rand/v2"
	"os"
	"testing"

	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
)

// Windows of a corpus in memory and of one in a file that the system has cached.
func BenchmarkReplay(b *testing.B) {
	const batch, length, context = 8, 256, 64
	v := world()
	r := rand.New(rand.NewPCG(1, 2))
	var streams [][]row
	for range 10 {
		streams = append(streams, stream(v, r, 30_000, 17_000*day))
	}
	file, err := os.CreateTemp(b.TempDir(), "")
	if err != nil {
		b.Fatal(err)
	}
	defer file.Close()
	for name, in := range map[string]*os.File{"memory": nil, "file": file} {
		b.Run(name, func(b *testing.B) {
			c := newCorpusIn(b, v, 0, in, streams...)
			chunks := make([]lanes.Chunk, batch)
			for b.Loop() {
				for i := range chunks {
					chunks[i].Row = r.Int64N(300_000 - length)
				}
				torch.With(func(scope *torch.Scope) {
					if _, err := c.Replay(scope, chunks, context, length); err != nil {
						b.Fatal(err)
					}
				})
			}
			b.ReportMetric(float64(b.N*batch*length)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}
