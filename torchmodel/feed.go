package torchmodel

import (
	"slices"

	torch "github.com/wangkuiyi/gotorch"
)

// place is how far the data is read.
type place struct{ epoch, batch int }

// feedItem is the parts of a batch in a scope of their own, which the receiver closes, and the place in the data after it.
type feedItem struct {
	scope *torch.Scope
	parts []batch
	after place
	err   error
}

// ahead is the number of batches that wait: a GPU takes them faster than one core makes them.
func (o *TrainOptions) ahead() int {
	if o.Device.IsCUDA() {
		return min(max(2, o.threads()), 16)
	}
	return 2
}

// cutBatches deals windows to batches of the options' size, and the windows of each to its parts, each made by one.
func cutBatches[W any](windows []W, o *TrainOptions, one func(scope *torch.Scope, part []W) (batch, error)) batches {
	return batches{n: (len(windows) + o.Batch - 1) / o.Batch, make: func(scope *torch.Scope, i int) (parts []batch, err error) {
		all := windows[i*o.Batch : min((i+1)*o.Batch, len(windows))]
		for part := range slices.Chunk(all, (len(all)+o.parts()-1)/o.parts()) {
			b, err := one(scope, part)
			if err != nil {
				return nil, err
			}
			parts = append(parts, b)
		}
		return parts, nil
	}}
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
			item.parts, item.err = from.make(item.scope, i)
			if item.err == nil && t.o.Device.IsCUDA() {
				item.err = torch.Try(func() {
					for k, b := range item.parts {
						item.parts[k] = pinned(b)
					}
				})
			}
			return item
		}
	}, func(item feedItem) { item.scope.Close() })
}
