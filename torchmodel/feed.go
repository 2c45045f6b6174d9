package torchmodel

import (
	"runtime"

	torch "github.com/wangkuiyi/gotorch"
)

// place is how far the data is read.
type place struct{ epoch, batch int }

// feedItem is a batch in a scope of its own, which the receiver closes, and the place in the data after it.
type feedItem struct {
	scope *torch.Scope
	batch batch
	after place
	err   error
}

// ahead is the number of batches that wait: a GPU takes them faster than one core makes them.
func (o *TrainOptions) ahead() int {
	if o.Device.IsCUDA() {
		return min(max(2, cmpOr(o.Threads, runtime.GOMAXPROCS(0))), 16)
	}
	return 2
}

// newFeed replays the batches of the coming steps while the network works on this one. Which they are depends on the seed
// and the place in the data alone.
func newFeed(t *trainer) *line[feedItem] {
	at := place{t.state.Epoch, t.state.Batch}
	epoch := t.subject.cut(at.epoch)
	return newLine(t.o.ahead(), func() func() feedItem {
		if at.batch >= epoch.n {
			at = place{at.epoch + 1, 0}
			epoch = t.subject.cut(at.epoch)
		}
		from, i := epoch, at.batch
		at.batch++
		after := at
		return func() feedItem {
			item := feedItem{scope: torch.NewScope(), after: after}
			item.batch, item.err = from.make(item.scope, i)
			if item.err == nil && t.o.Device.IsCUDA() {
				item.err = torch.Try(func() { item.batch = pinned(item.batch) })
			}
			return item
		}
	}, func(item feedItem) { item.scope.Close() })
}
