package dataset

import "fmt"

// Biflow says what becomes of a record that holds both directions of a conversation (RFC 5103 calls it a biflow).
type Biflow string

const (
	BiflowSplit   Biflow = "split"   // two flows, one a direction that has packets
	BiflowForward Biflow = "forward" // the flow from source to destination alone
	BiflowSum     Biflow = "sum"     // one flow from source to destination with the packets and bytes of both
)

// ParseBiflow reads split, forward or sum.
func ParseBiflow(text string) (Biflow, error) {
	switch b := Biflow(text); b {
	case BiflowSplit, BiflowForward, BiflowSum:
		return b, nil
	}
	return "", fmt.Errorf("%q, want %s, %s or %s", text, BiflowSplit, BiflowForward, BiflowSum)
}

// biflow is one record of a capture: a flow and, where the format has it, what went the other way meanwhile.
type biflow struct {
	Flow             // from source to destination, but for Host
	reverse counters // from destination to source

	duration int64  // µs
	said     role   // what the record holds
	adrift   role   // times of it that count from a start which nothing has told
	dotted   bool   // the destination port was written as "type.code"
	icmpCode uint8  // what stood behind the dot
	icmp     uint16 // type*256+code, where it has a column of its own

	noProto  bool // Zeek did not name the protocol
	mayBeSix bool // what was called ICMP may be ICMPv6
}

// counters is what the two directions of a biflow have each for itself.
type counters struct {
	packets, bytes uint64
	tcpFlags, tos  uint8
}

// appendFlows appends the flows of one record.
func (b *biflow) appendFlows(flows []Flow, mode Biflow) []Flow {
	forward := b.Flow
	if mode == BiflowSum {
		forward.Packets += b.reverse.packets
		forward.Bytes += b.reverse.bytes
		forward.TCPFlags |= b.reverse.tcpFlags
	}
	if forward.Packets > 0 {
		flows = append(flows, forward)
	}
	if b.reverse.packets == 0 || mode != BiflowSplit {
		return flows
	}
	back := b.Flow
	back.SrcAddr, back.DstAddr = b.DstAddr, b.SrcAddr
	back.SrcPort, back.DstPort = b.DstPort, b.SrcPort
	if isICMP(b.Proto) {
		back.SrcPort, back.DstPort = 0, icmpAnswer(b.Proto, b.DstPort)
	}
	back.Packets, back.Bytes = b.reverse.packets, b.reverse.bytes
	back.TCPFlags, back.ToS = b.reverse.tcpFlags, b.reverse.tos
	return append(flows, back)
}

// check returns the reason why the counters of b cannot be, and which of its columns is to blame.
func (b *biflow) check() (Reason, role) {
	if b.Packets == 0 && b.reverse.packets == 0 {
		return badPackets, isPackets
	}
	if b.Packets+b.reverse.packets > maxCount {
		return badPackets, isPackets
	}
	if b.Bytes+b.reverse.bytes > maxCount {
		return badBytes, isBytes
	}
	if reason := checkCounters(b.Packets, b.Bytes); reason != "" {
		return reason, isBytes
	}
	return checkCounters(b.reverse.packets, b.reverse.bytes), isReverseBytes
}

func checkCounters(packets, bytes uint64) Reason {
	switch {
	case bytes < minPacketBytes*packets:
		return tooFewBytes
	case bytes > maxPacketBytes*packets:
		return tooManyBytes
	}
	return ""
}

const (
	minPacketBytes = 20        // an IPv4 header
	maxPacketBytes = 65535     // the largest IPv4 packet
	maxCount       = 1<<47 - 1 // packets or bytes of one flow; keeps products below 2^64
)
