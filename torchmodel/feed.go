package torchmodel

import (
	torch "github.com/wangkuiyi/gotorch"
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
	batch batch
	after place
	err   error
}

// ahead is the number of batches that wait.
const ahead = 2

func newFeed(t *trainer) *feed {
	f := &feed{items: make(chan feedItem, ahead), stop: make(chan struct{})}
	go f.run(t.subject, t.o.Device, place{t.state.Epoch, t.state.Batch})
	return f
}

func (f *feed) run(s subject, device torch.Device, at place) {
	defer close(f.items)
	epoch := s.cut(at.epoch)
	for {
		if at.batch >= epoch.n {
			at = place{at.epoch + 1, 0}
			epoch = s.cut(at.epoch)
		}
		item := feedItem{scope: torch.NewScope(), after: place{at.epoch, at.batch + 1}}
		item.batch, item.err = epoch.make(item.scope, at.batch)
		if item.err == nil && device.IsCUDA() {
			item.err = torch.Try(func() { item.batch = item.batch.pin() })
		}
		at = item.after
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
