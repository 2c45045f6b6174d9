package dataset

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/gopacket/gopacket"
	"github.com/gopacket/gopacket/layers"
	"github.com/gopacket/gopacket/pcapgo"
)

var pcapFormat = &notation{name: "pcap", title: "a packet capture", magic: isPcap, read: (*ingester).readPackets}

func isPcap(head []byte) bool {
	for _, magic := range []string{
		"\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d", // pcap: µs and ns, either byte order
		"\x0a\x0d\x0d\x0a", // pcapng
	} {
		if bytes.HasPrefix(head, []byte(magic)) {
			return true
		}
	}
	return false
}

// packetSource is a file of packets.
type packetSource interface {
	ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error)
	LinkType() layers.LinkType
}

func openPackets(in *input) (packetSource, error) {
	if in.head()[0] == '\x0a' {
		return pcapgo.NewNgReader(in.text, pcapgo.NgReaderOptions{ErrorOnMismatchingLinkType: true, SkipUnknownVersion: true})
	}
	r, err := pcapgo.NewReader(in.text)
	return wholePackets{r}, err
}

// wholePackets tells a file that ends behind a packet's header from one that ends behind its packets.
type wholePackets struct{ *pcapgo.Reader }

func (w wholePackets) ZeroCopyReadPacketData() ([]byte, gopacket.CaptureInfo, error) {
	data, info, err := w.Reader.ZeroCopyReadPacketData()
	if errors.Is(err, io.EOF) && info.CaptureLength > 0 {
		err = io.ErrUnexpectedEOF
	}
	return data, info, err
}

// packetBatch is how many packets are counted at a time.
const packetBatch = 4096

// readPackets puts the packets of a capture together to flows. A packet counts as a line, and as a record if it has an
// IP header.
func (g *ingester) readPackets(ctx context.Context, in *input, index int) error {
	fault := func(packets int64, err error) error {
		return fmt.Errorf("dataset: %s: %w: after %d packets: %w", in.name, ErrInput, packets, err)
	}
	source, err := openPackets(in)
	if err != nil {
		return fault(0, err)
	}
	find, err := newIPFinder(source.LinkType())
	if err != nil {
		return fault(0, err)
	}
	p := g.newBlockParser()
	b := block{input: index, name: g.inputName(index), withheld: g.pseudonyms != nil, firstLine: 1}
	counts := newBlockTally()
	var packet int64
	flows := newAssembler(g.options.Timeouts, func(f *Flow) { p.keepFlow(b, packet, f, counts) })
	flush := func() bool {
		sent := g.sendParsed(ctx, b, p.rows, counts)
		b.firstLine += counts.flows
		p.rows = p.rows[:0]
		counts = newBlockTally()
		return sent
	}
	for ctx.Err() == nil {
		data, info, err := source.ZeroCopyReadPacketData()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return fault(packet, err)
		}
		packet++
		var f Flow
		switch ip, err := find.in(data); {
		case err != nil || ip != nil && !parsePacket(ip, info.Length-len(data)+len(ip), &f):
			counts.refuse(b, packet, nil, badPacket, "")
		case ip == nil:
			counts.lines++
			counts.notIP++
		case info.Timestamp.UnixMicro() < minTime || info.Timestamp.UnixMicro() > maxTime:
			counts.refuse(b, packet, nil, badTime, "")
		default:
			f.Start = info.Timestamp.UnixMicro()
			f.End = f.Start
			counts.lines++
			counts.records++
			flows.add(&f)
		}
		if packet%packetBatch == 0 && !flush() {
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	flows.finish()
	flush()
	return nil
}

// ipFinder finds the IP packet in a frame.
type ipFinder struct {
	parser  *gopacket.DecodingLayerParser
	decoded []gopacket.LayerType
	ip      ipCatcher
}

func newIPFinder(link layers.LinkType) (*ipFinder, error) {
	first := map[layers.LinkType]gopacket.LayerType{
		layers.LinkTypeEthernet: layers.LayerTypeEthernet, layers.LinkTypeLinuxSLL: layers.LayerTypeLinuxSLL,
		layers.LinkTypeLinuxSLL2: layers.LayerTypeLinuxSLL2, layers.LinkTypeNull: layers.LayerTypeLoopback,
		layers.LinkTypeLoop: layers.LayerTypeLoopback, layers.LinkTypeRaw: layers.LayerTypeIPv4,
		layers.LinkTypeIPv4: layers.LayerTypeIPv4, layers.LinkTypeIPv6: layers.LayerTypeIPv6,
	}
	begin, known := first[link]
	if !known {
		return nil, fmt.Errorf("link type %v, want Ethernet, Linux SLL, loopback or raw IP", link)
	}
	f := &ipFinder{}
	f.parser = gopacket.NewDecodingLayerParser(begin, &layers.Ethernet{}, &layers.Dot1Q{}, &layers.LinuxSLL{},
		&layers.LinuxSLL2{}, &layers.Loopback{}, &f.ip)
	f.parser.IgnoreUnsupported = true
	return f, nil
}

// in returns the packet from its IP header on, or nil if the frame is not about IP.
func (f *ipFinder) in(frame []byte) ([]byte, error) {
	f.ip.packet = nil
	err := f.parser.DecodeLayers(frame, &f.decoded)
	return f.ip.packet, err
}

// ipCatcher is the layer at which decoding ends.
type ipCatcher struct{ packet []byte }

func (c *ipCatcher) DecodeFromBytes(data []byte, _ gopacket.DecodeFeedback) error {
	c.packet = data
	return nil
}

func (c *ipCatcher) CanDecode() gopacket.LayerClass {
	return gopacket.NewLayerClass([]gopacket.LayerType{layers.LayerTypeIPv4, layers.LayerTypeIPv6})
}

func (c *ipCatcher) NextLayerType() gopacket.LayerType { return gopacket.LayerTypeZero }
func (c *ipCatcher) LayerPayload() []byte              { return nil }
