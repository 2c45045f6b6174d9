package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
	"github.com/wangkuiyi/gotorch/lanes"
)

// feed replays the batches of the coming steps while the network works on this one. Which they are depends on the seed
// and the place in the data alone.
type feed struct {
	items chan feedItem
	stop  chan struct{}
}

// place is how far the data is read.
type place struct{ epoch, batch int }

// feedItem is a batch in a scope of its own, which the receiver closes, and the place in the data after it.
type feedItem struct {
	scope *torch.Scope
	batch *lanes.Batch
	after place
	err   error
}

// ahead is the number of batches that wait.
const ahead = 2

func newFeed(t *trainer) *feed {
	f := &feed{items: make(chan feedItem, ahead), stop: make(chan struct{})}
	at := place{t.state.Epoch, t.state.Batch}
	go f.run(t.train, t.o, t.net.config.ReceptiveField(), at)
	return f
}

func (f *feed) run(c *corpus, o TrainOptions, context int, at place) {
	defer close(f.items)
	chunks := c.epochChunks(o.Seed, at.epoch, o.Length)
	for {
		if at.batch*o.Batch >= len(chunks) {
			at = place{at.epoch + 1, 0}
			chunks = c.epochChunks(o.Seed, at.epoch, o.Length)
		}
		part := chunks[at.batch*o.Batch : min((at.batch+1)*o.Batch, len(chunks))]
		at.batch++
		item := feedItem{scope: torch.NewScope(), after: at}
		item.batch, item.err = c.Replay(item.scope, part, context, o.Length)
		if item.err == nil && o.Device.IsCUDA() {
			item.err = torch.Try(func() { item.batch = item.batch.PinMemory() })
		}
		select {
		case f.items <- item:
		case <-f.stop:
			item.scope.Close()
			return
		}
	}
}

func (f *feed) next() feedItem { return <-f.items }

// close ends the feed and frees the batches that wait.
func (f *feed) close() {
	close(f.stop)
	for item := range f.items {
		item.scope.Close()
	}
}
