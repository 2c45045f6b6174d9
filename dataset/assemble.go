package dataset

import (
	"net/netip"
	"time"
)

// Timeouts say when a flow that is put together from packets ends, as exporters have it. Zero is the default.
type Timeouts struct {
	Idle   time.Duration // without a packet, 15 s unless given
	Active time.Duration // since the first packet, 30 min unless given
}

const (
	defaultIdle   = 15 * time.Second
	defaultActive = 30 * time.Minute

	// maxOpenFlows bounds an assembler's memory to some 80 MB.
	maxOpenFlows = 1 << 18
)

// assembler puts packets together to unidirectional flows. A flow ends by a time-out, or by a SYN after a FIN or RST, or,
// if it is the one that has been idle longest, when too many are open.
type assembler struct {
	idle, active int64 // µs
	open         map[flowKey]*openFlow
	recent       openFlow // its next is the flow that was active last, its prev the one that has been idle longest
	emit         func(*Flow)
}

type flowKey struct {
	source, destination         netip.Addr
	sourcePort, destinationPort uint16
	proto                       uint8
}

type openFlow struct {
	Flow
	next, prev *openFlow
}

func newAssembler(t Timeouts, emit func(*Flow)) *assembler {
	if t.Idle == 0 {
		t.Idle = defaultIdle
	}
	if t.Active == 0 {
		t.Active = defaultActive
	}
	a := &assembler{idle: t.Idle.Microseconds(), active: t.Active.Microseconds(), open: make(map[flowKey]*openFlow), emit: emit}
	a.recent.next, a.recent.prev = &a.recent, &a.recent
	return a
}

// add takes a flow of one packet. Packets should come in about the order of their times.
func (a *assembler) add(packet *Flow) {
	for oldest := a.recent.prev; oldest != &a.recent && oldest.End+a.idle < packet.Start; oldest = a.recent.prev {
		a.end(oldest)
	}
	key := keyOf(packet)
	f, known := a.open[key]
	if known && (packet.Start-f.Start >= a.active || isReopened(f.TCPFlags, packet)) {
		a.end(f)
		known = false
	}
	if !known {
		if len(a.open) == maxOpenFlows {
			a.end(a.recent.prev)
		}
		f = &openFlow{Flow: *packet}
		a.open[key] = f
		a.pushFront(f)
		return
	}
	f.Start, f.End = min(f.Start, packet.Start), max(f.End, packet.End)
	f.Packets += packet.Packets
	f.Bytes += packet.Bytes
	f.TCPFlags |= packet.TCPFlags
	f.next.prev, f.prev.next = f.prev, f.next
	a.pushFront(f)
}

// isReopened reports whether a packet begins another connection between the same ports.
func isReopened(seen uint8, packet *Flow) bool {
	return packet.Proto == protoTCP && seen&(flagFIN|flagRST) != 0 && packet.TCPFlags&flagSYN != 0
}

// finish ends all flows.
func (a *assembler) finish() {
	for a.recent.prev != &a.recent {
		a.end(a.recent.prev)
	}
}

func (a *assembler) end(f *openFlow) {
	f.next.prev, f.prev.next = f.prev, f.next
	delete(a.open, keyOf(&f.Flow))
	a.emit(&f.Flow)
}

func (a *assembler) pushFront(f *openFlow) {
	f.next, f.prev = a.recent.next, &a.recent
	f.next.prev, f.prev.next = f, f
}

func keyOf(f *Flow) flowKey { return flowKey{f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort, f.Proto} }
