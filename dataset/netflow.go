package dataset

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net/netip"

	"github.com/netsampler/goflow2/v2/decoders/netflow"
	"github.com/netsampler/goflow2/v2/decoders/netflowlegacy"
)

// netflowFormat reads messages of NetFlow v5, v9 and IPFIX, one after another in a file, or, asked for by name, what a
// packet capture holds of them.
var netflowFormat = &notation{
	name: "netflow", title: "NetFlow or IPFIX messages", magic: isNetflow, read: (*ingester).readNetflow,
}

const (
	netflow5Header, netflow5Record = 24, 48
	netflow9Header                 = 20
	ipfixHeader                    = 16
)

func isNetflow(head []byte) bool {
	if len(head) < ipfixHeader {
		return false
	}
	second := binary.BigEndian.Uint16(head[2:])
	switch binary.BigEndian.Uint16(head) {
	case 5:
		return second >= 1 && second <= 30
	case 9:
		return second >= 1 && second <= 1000 && len(head) >= netflow9Header
	case 10:
		return second >= ipfixHeader
	}
	return isPcap(head)
}

// readNetflow reads all messages of a file. A data record counts as a line.
func (g *ingester) readNetflow(ctx context.Context, in *input, index int) error {
	d := &netflowDecoder{
		p: g.newBlockParser(), counts: newBlockTally(), exporters: make(map[netip.AddrPort]*exporter),
		b: block{input: index, name: g.inputName(index), withheld: g.pseudonyms != nil, firstLine: 1},
	}
	next, err := messagesOf(in)
	var messages int64
	for err == nil && ctx.Err() == nil {
		var message []byte
		var exporter netip.AddrPort
		if message, exporter, err = next(); err != nil {
			break
		}
		messages++
		if d.decode(message, exporter) != nil {
			d.take(nil, badMessage)
		}
		if !d.flush(ctx, g, packetBatch) {
			return nil
		}
	}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("dataset: %s: %w: after %d messages: %w", in.name, ErrInput, messages, err)
	}
	d.flush(ctx, g, 1)
	return nil
}

// messagesOf returns a function that gives one message after another, with the exporter where it is known.
func messagesOf(in *input) (func() ([]byte, netip.AddrPort, error), error) {
	if !isPcap(in.head()) {
		return func() ([]byte, netip.AddrPort, error) {
			message, err := readMessage(in.text)
			return message, netip.AddrPort{}, err
		}, nil
	}
	source, err := openPackets(in)
	if err != nil {
		return nil, err
	}
	find, err := newIPFinder(source.LinkType())
	return func() ([]byte, netip.AddrPort, error) {
		for {
			data, _, err := source.ZeroCopyReadPacketData()
			if err != nil {
				return nil, netip.AddrPort{}, err
			}
			ip, err := find.in(data)
			if err != nil {
				continue
			}
			if payload, exporter := udpPayload(ip); holdsMessage(payload) {
				return payload, exporter, nil
			}
		}
	}, err
}

// udpPayload returns what a packet carries over UDP and who sent it, nil if it is no whole UDP packet.
func udpPayload(ip []byte) ([]byte, netip.AddrPort) {
	var f Flow
	if ip == nil || !parsePacket(ip, len(ip), &f) || f.Proto != protoUDP || uint64(len(ip)) < f.Bytes {
		return nil, netip.AddrPort{}
	}
	header := 40
	if f.SrcAddr.Is4() {
		header = int(ip[0]&15) * 4
		if binary.BigEndian.Uint16(ip[6:])&0x3fff != 0 { // a fragment
			return nil, netip.AddrPort{}
		}
	} else if ip[6] != protoUDP { // extension headers
		return nil, netip.AddrPort{}
	}
	if f.Bytes < uint64(header+8) {
		return nil, netip.AddrPort{}
	}
	return ip[header+8 : f.Bytes], netip.AddrPortFrom(f.SrcAddr, f.SrcPort)
}

// holdsMessage reports whether the payload of a packet is a message of NetFlow or IPFIX, as far as its head tells.
func holdsMessage(payload []byte) bool {
	if !isNetflow(payload) || isPcap(payload) {
		return false
	}
	if binary.BigEndian.Uint16(payload) != 5 { // with which errors of TFTP begin too
		return true
	}
	return len(payload) >= netflow5Header+netflow5Record*int(binary.BigEndian.Uint16(payload[2:]))
}

// peeker is what readMessage needs of a buffered reader.
type peeker interface {
	io.Reader
	Peek(n int) ([]byte, error)
}

// readMessage reads one message. Those of NetFlow v9 do not tell their length: one ends where a version stands instead of
// the number of a flow set, which is 0, 1 or at least 256.
func readMessage(r peeker) ([]byte, error) {
	head, err := r.Peek(4)
	if err != nil {
		if len(head) > 0 {
			return nil, io.ErrUnexpectedEOF
		}
		return nil, err
	}
	count := int(binary.BigEndian.Uint16(head[2:]))
	switch version := binary.BigEndian.Uint16(head); version {
	case 5:
		return readBytes(r, nil, netflow5Header+netflow5Record*count)
	case 10:
		return readBytes(r, nil, max(count, ipfixHeader))
	case 9:
		message, err := readBytes(r, nil, netflow9Header)
		for err == nil {
			head, _ := r.Peek(4) // reading on gives the error again
			if len(head) < 4 {
				return message, nil
			}
			switch binary.BigEndian.Uint16(head) {
			case 5, 9, 10:
				return message, nil
			}
			if len(message) > maxMessageBytes {
				return nil, errors.New("a message of more than 64 KiB")
			}
			message, err = readBytes(r, message, max(int(binary.BigEndian.Uint16(head[2:])), 4))
		}
		return nil, err
	default:
		return nil, fmt.Errorf("version %d, want 5, 9 or 10", version)
	}
}

// maxMessageBytes is what a UDP packet can hold.
const maxMessageBytes = 64 << 10

func readBytes(r io.Reader, b []byte, n int) ([]byte, error) {
	at := len(b)
	b = append(b, make([]byte, n)...)
	_, err := io.ReadFull(r, b[at:])
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	return b, err
}

// netflowDecoder makes flows of messages.
type netflowDecoder struct {
	p         *blockParser
	b         block
	counts    *blockTally
	records   int64 // so far
	exporters map[netip.AddrPort]*exporter
}

// flush sends what was decoded, if it is at least so many lines; it is false when the run was cancelled.
func (d *netflowDecoder) flush(ctx context.Context, g *ingester, lines int64) bool {
	if d.counts.lines < lines {
		return true
	}
	sent := g.sendParsed(ctx, d.b, d.p.rows, d.counts)
	d.b.firstLine += d.counts.records + 1
	d.p.rows = d.p.rows[:0]
	d.counts = newBlockTally()
	return sent
}

// decode takes the records of one message.
func (d *netflowDecoder) decode(message []byte, from netip.AddrPort) error {
	if binary.BigEndian.Uint16(message) == 5 {
		return d.decode5(message)
	}
	if binary.BigEndian.Uint16(message) == 9 { // an address and a source are an exporter (RFC 3954); in IPFIX a session is
		from = netip.AddrPortFrom(from.Addr(), 0)
	}
	known := d.exporters[from]
	if known == nil {
		if len(d.exporters) == maxExporters {
			clear(d.exporters) // templates come again
		}
		known = &exporter{make(templates), make(map[uint32]uint64)}
		d.exporters[from] = known
	}
	var v9 netflow.NFv9Packet
	var ipfix netflow.IPFIXPacket
	err := netflow.DecodeMessageVersion(bytes.NewBuffer(message), known, &v9, &ipfix)
	if err != nil && !errors.Is(err, netflow.ErrorTemplateNotFound) {
		return err
	}
	if ipfix.Version != 0 {
		d.decodeIPFIX(&ipfix, known)
		return nil
	}
	clock := exportClock{seconds: int64(v9.UnixSeconds), uptime: v9.SystemUptime, counted: true}
	d.takeSets(v9.FlowSets, func([]netflow.DataField) exportClock { return clock })
	return nil
}

// decodeIPFIX takes the records of one message. An options record may stand behind those whose times need it.
func (d *netflowDecoder) decodeIPFIX(packet *netflow.IPFIXPacket, from *exporter) {
	for _, set := range packet.FlowSets {
		if options, is := set.(netflow.OptionsDataFlowSet); is {
			for _, record := range options.Records {
				from.learnStart(packet, record.OptionsValues)
			}
		}
	}
	d.takeSets(packet.FlowSets, func(record []netflow.DataField) exportClock {
		from.learnStart(packet, record)
		return from.clockAt(packet)
	})
}

// takeSets takes the data records of a message; clockOf says what a record's times count from.
func (d *netflowDecoder) takeSets(sets []interface{}, clockOf func(record []netflow.DataField) exportClock) {
	for _, set := range sets {
		switch set := set.(type) {
		case netflow.DataFlowSet:
			for _, record := range set.Records {
				var b biflow
				d.take(&b, fillBiflow(&b, record.Values, clockOf(record.Values)))
			}
		case netflow.RawFlowSet: // its template has not come yet
			d.take(nil, noTemplate)
		}
	}
}

func (d *netflowDecoder) decode5(message []byte) error {
	var packet netflowlegacy.PacketNetFlowV5
	if err := netflowlegacy.DecodeMessageVersion(bytes.NewBuffer(message), &packet); err != nil {
		return err
	}
	clock := exportClock{int64(packet.UnixSecs), int64(packet.UnixNSecs) / 1000, packet.SysUptime, true}
	for _, r := range packet.Records {
		var b biflow
		b.Flow = Flow{
			Start: clock.at(r.First), End: clock.at(r.Last), SrcAddr: addr4(uint32(r.SrcAddr)), DstAddr: addr4(uint32(r.DstAddr)),
			SrcPort: r.SrcPort, DstPort: r.DstPort, Proto: r.Proto, TCPFlags: r.TCPFlags, ToS: r.Tos,
			Packets: uint64(r.DPkts), Bytes: uint64(r.DOctets),
		}
		b.said = isStart | isEnd
		d.take(&b, "")
	}
	return nil
}

// take counts a record and keeps its flows if nothing is wrong with it.
func (d *netflowDecoder) take(b *biflow, reason Reason) {
	d.records++
	if reason == "" && !b.setTimes() {
		reason = badTime
	}
	if reason == "" {
		reason, _ = b.check()
	}
	switch reason {
	case "":
		d.counts.lines++
		d.counts.records++
		d.p.keep(d.b, d.records, b, d.counts)
	case notIP:
		d.counts.lines++
		d.counts.notIP++
	default:
		d.counts.refuse(d.b, d.records, nil, reason, "")
	}
}
