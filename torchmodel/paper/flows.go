package paper

import (
	"errors"
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"net/netip"

	"stan/dataset"
	"stan/dataset/table"
)

// The paper's classes of ports: each of the first 1024, then bins of 100.
const (
	knownPorts  = 1024
	portBin     = 100
	portClasses = knownPorts + (65536-knownPorts+portBin-1)/portBin // 1670
)

// The paper's classes of protocols.
const (
	classTCP = iota
	classUDP
	classOther
)

const (
	protocolICMP = 1
	protocolTCP  = 6
	protocolUDP  = 17
)

// The columns of a flow, in the paper's order of factorisation.
const (
	hour = iota // of the day, UTC, whole
	delta
	protocol
	direction // 1 for outbound
	localPort
	remotePort
	octet1 // of the remote address
	octet2
	octet3
	octet4
	packets // ln
	bytes   // ln
	duration
	flowColumns
)

// FlowColumns are the paper's columns with their normalisers: hour 0 to 24; time since the end of the flow before up to
// 1430 s; ln packets up to 12.83 and ln bytes up to 20.129; duration up to 363 s. What exceeds them is cut off there. TCP
// flags, ToS and labels are not modelled.
func FlowColumns() []Column {
	continuous := func(name string, high float64) Column { return Column{table.Column{Name: name}, 0, high} }
	discrete := func(name string, classes int) Column {
		return Column{Column: table.Column{Name: name, Classes: classes}}
	}
	return []Column{
		hour: continuous("hour", 24), delta: continuous("delta", 1430), protocol: discrete("protocol", 3),
		direction: discrete("direction", 2), localPort: discrete("local_port", portClasses),
		remotePort: discrete("remote_port", portClasses), octet1: discrete("octet1", 256), octet2: discrete("octet2", 256),
		octet3: discrete("octet3", 256), octet4: discrete("octet4", 256), packets: continuous("packets", 12.83),
		bytes: continuous("bytes", 20.129), duration: continuous("duration", 363),
	}
}

// ErrFlow is returned for a flow that the paper's columns cannot hold.
var ErrFlow = errors.New("flow refused")

// FromFlows cuts flows, in stream order, into the paper's columns. Times are the flows' ends, entities their hosts. The first
// flow of a host has the time since capture, µs. IPv6 is refused with ErrFlow: the columns hold four octets.
func FromFlows(flows iter.Seq2[[]dataset.Flow, error], capture int64) (*table.Table, error) {
	columns := FlowColumns()
	t := &table.Table{}
	for _, c := range columns {
		t.Columns = append(t.Columns, c.Column)
	}
	var host netip.Addr
	var end int64
	for batch, err := range flows {
		if err != nil {
			return nil, err
		}
		for i := range batch {
			f := &batch[i]
			if f.Host != host {
				host, end = f.Host, capture
				t.Entities, t.Starts = append(t.Entities, host.String()), append(t.Starts, t.Rows())
			}
			if !f.Remote().Is4() {
				return nil, fmt.Errorf("%w: host %v: remote address %v, want IPv4: the paper's columns hold four octets",
					ErrFlow, host, f.Remote())
			}
			row := flowRow(f, end)
			for c := range row {
				if high := columns[c].High; high > 0 {
					row[c] = min(max(row[c], 0), high)
				}
			}
			t.Times, t.Values = append(t.Times, f.End), append(t.Values, row[:]...)
			end = f.End
		}
	}
	t.Starts = append(t.Starts, t.Rows())
	return t, nil
}

const second, minute = 1_000_000, 60 * 1_000_000

// flowRow is a flow's values; before is the end of the flow before, µs.
func flowRow(f *dataset.Flow, before int64) (row [flowColumns]float64) {
	row[hour] = float64(f.End / (60 * minute) % 24)
	row[delta] = float64(f.End-before) / second
	row[protocol] = classOther
	switch f.Proto {
	case protocolTCP:
		row[protocol] = classTCP
	case protocolUDP:
		row[protocol] = classUDP
	}
	local, remote := f.DstPort, f.SrcPort
	if f.Outbound() {
		row[direction] = 1
		local, remote = f.SrcPort, f.DstPort
	}
	row[localPort], row[remotePort] = float64(portClass(local)), float64(portClass(remote))
	for i, octet := range f.Remote().As4() {
		row[octet1+i] = float64(octet)
	}
	row[packets], row[bytes] = math.Log(float64(f.Packets)), math.Log(float64(f.Bytes))
	row[duration] = f.Duration().Seconds()
	return row
}

func portClass(port uint16) int {
	if port < knownPorts {
		return int(port)
	}
	return knownPorts + (int(port)-knownPorts)/portBin
}

// port draws a port of a class.
func port(class int, r *rand.Rand) uint16 {
	if class < knownPorts {
		return uint16(class)
	}
	low := knownPorts + (class-knownPorts)*portBin
	return uint16(low + r.IntN(min(portBin, 65536-low)))
}

// Gap is the time from the end of the flow before to that of a row, in µs.
func Gap(row []float64) int64 { return int64(math.Round(row[delta] * second)) }

// Flow is the flow of a row that ends at end, µs. A port is drawn inside its bin, a protocol that is neither TCP nor UDP is
// ICMP. Durations are whole milliseconds. The drawn hour is not used: what time it is follows from the gaps.
func Flow(row []float64, host netip.Addr, end int64, r *rand.Rand) dataset.Flow {
	local, remote := port(int(row[localPort]), r), port(int(row[remotePort]), r)
	var octets [4]byte
	for i := range octets {
		octets[i] = byte(row[octet1+i])
	}
	f := dataset.Flow{
		Host: host, Start: end - int64(math.Round(row[duration]*1000))*1000, End: end,
		SrcAddr: netip.AddrFrom4(octets), DstAddr: host, SrcPort: remote, DstPort: local, Proto: protocolICMP,
		Packets: count(row[packets]), Bytes: count(row[bytes]),
	}
	switch int(row[protocol]) {
	case classTCP:
		f.Proto = protocolTCP
	case classUDP:
		f.Proto = protocolUDP
	}
	if row[direction] == 1 {
		f.SrcAddr, f.DstAddr, f.SrcPort, f.DstPort = f.DstAddr, f.SrcAddr, local, remote
	}
	return f
}

// count is the whole number whose logarithm is nearest to ln, at least 1.
func count(ln float64) uint64 { return uint64(max(math.Round(math.Exp(ln)), 1)) }
