package evaluate

import (
	"net/netip"
	"slices"
)

const (
	recentRemotes       = 20 // rows looked back at for a remote address
	recentConversations = 16 // different five-tuples looked back at
)

// structureTally counts rows by how they follow from the rows before them.
type structureTally struct {
	followers    int64 // rows that have a row of the same host before them
	remote1      int64 // same remote address as the row before
	remote5      int64 // same as one of the last 5 rows
	remote20     int64 // same as one of the last 20 rows
	reverse      int64 // the row before with source and destination exchanged
	conversation int64 // one of the last 16 different five-tuples, either direction
	flips        int64 // other direction than the row before
	internal     int64 // both addresses internal
}

func (t *structureTally) add(other *structureTally) {
	t.followers += other.followers
	t.remote1 += other.remote1
	t.remote5 += other.remote5
	t.remote20 += other.remote20
	t.reverse += other.reverse
	t.conversation += other.conversation
	t.flips += other.flips
	t.internal += other.internal
}

// structureObserver remembers the recent rows of the host whose rows are being read, latest first.
type structureObserver struct {
	remotes       []netip.Addr
	conversations []conversation // each once, moved to the front when it comes again
}

func (o *structureObserver) row(r, before *row, t *structureTally) {
	if r.localInternal && r.remoteInternal {
		t.internal++
	}
	now := r.conversation()
	if !r.first {
		t.followers++
		if r.out != before.out {
			t.flips++
		}
		if tieOf(r, before) == tieReverse {
			t.reverse++
		}
		if i := slices.Index(o.remotes, r.remote); i >= 0 {
			t.remote20++
			if i < 5 {
				t.remote5++
			}
			if i < 1 {
				t.remote1++
			}
		}
		if slices.Contains(o.conversations, now) {
			t.conversation++
		}
	}
	o.remotes = pushFront(o.remotes, r.remote, recentRemotes)
	if i := slices.Index(o.conversations, now); i >= 0 {
		o.conversations = slices.Delete(o.conversations, i, i+1)
	}
	o.conversations = pushFront(o.conversations, now, recentConversations)
}

func (o *structureObserver) end() {
	o.remotes, o.conversations = o.remotes[:0], o.conversations[:0]
}

// pushFront puts x before the items of list and drops those beyond the limit.
func pushFront[T any](list []T, x T, limit int) []T {
	if len(list) < limit {
		list = append(list, x)
	}
	copy(list[1:], list)
	list[0] = x
	return list
}

func structureMeasures(internal bool) []measure {
	type tally = structureTally
	share := func(name, title string, count func(*tally) int64) measure {
		return shareMeasure(name, title, func(s *summary) int64 { return count(&s.structure) },
			func(s *summary) int64 { return s.structure.followers })
	}
	measures := []measure{
		share("repeat_remote_1", "remote of the flow before", func(t *tally) int64 { return t.remote1 }),
		share("repeat_remote_5", "remote of one of the last 5 flows", func(t *tally) int64 { return t.remote5 }),
		share("repeat_remote_20", "remote of one of the last 20 flows", func(t *tally) int64 { return t.remote20 }),
		repeatMeasure("repeat_service_1", "service of the flow before", runService),
		repeatMeasure("repeat_protocol_1", "protocol of the flow before", runProtocol),
		share("reverse_previous", "reply to the flow before", func(t *tally) int64 { return t.reverse }),
		share("repeat_conversation_16", "one of the last 16 five-tuples", func(t *tally) int64 { return t.conversation }),
		share("direction_flips", "direction unlike the flow before", func(t *tally) int64 { return t.flips }),
	}
	if internal {
		measures = append(measures, shareMeasure("both_internal", "both addresses internal",
			func(s *summary) int64 { return s.structure.internal }, allRows))
	}
	return slices.Concat(measures, spreadMeasures(), sameHostsMeasures(), []measure{volumeMeasure()})
}
