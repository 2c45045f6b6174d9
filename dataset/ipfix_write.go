package dataset

import (
	"encoding/binary"
	"io"
	"math"
	"net/netip"
	"time"
)

// ipfixFormat writes messages of IPFIX (RFC 7011), one after another: a file of RFC 5655, or the datagrams that a collector
// gets. They are read as netflowFormat.
var ipfixFormat = &notation{
	name: FormatIPFIX, title: "IPFIX messages", extension: "ipfix",
	lacks:     "label",
	newWriter: func(out io.Writer) flowWriter { return newIPFIXWriter(out, nil) },
}

const (
	ipfixMessageBytes  = 1400 // fits a frame of Ethernet, with room for IPv6 and a tunnel
	ipfixTemplateEvery = 64   // messages: what a collector that missed a datagram, or came late, has to wait for
	ipfixDomain        = 1
	ipfixTemplateSet   = 2
	ipfixFirstTemplate = 256 // the lowest number that RFC 7011 allows
)

// ipfixField is an element of IANA's registry and its length in bytes.
type ipfixField struct{ element, length uint16 }

// Templates are numbered by their bits, on top of ipfixFirstTemplate.
const (
	templateSix  = 1 << iota // IPv6
	templateICMP             // with ICMP's type and code in the element of their own, beside the port
	templateCount
)

var ipfixTemplates = func() (templates [templateCount][]ipfixField) {
	for number := range templates {
		addressBytes, source, destination, icmp := uint16(4), uint16(8), uint16(12), uint16(32)
		if number&templateSix != 0 {
			addressBytes, source, destination, icmp = 16, 27, 28, 139
		}
		fields := []ipfixField{
			{152, 8}, {153, 8}, // flowStartMilliseconds, flowEndMilliseconds
			{2, 8}, {1, 8}, // packetDeltaCount, octetDeltaCount
			{source, addressBytes}, {destination, addressBytes},
			{7, 2}, {11, 2}, // sourceTransportPort, destinationTransportPort
			{4, 1}, {6, 1}, {5, 1}, // protocolIdentifier, tcpControlBits, ipClassOfService
		}
		if number&templateICMP != 0 {
			fields = append(fields, ipfixField{icmp, 2}) // icmpTypeCodeIPv4, icmpTypeCodeIPv6
		}
		templates[number] = fields
	}
	return templates
}()

func ipfixRecordBytes(template int) int {
	var n int
	for _, f := range ipfixTemplates[template] {
		n += int(f.length)
	}
	return n
}

// ipfixWriter gives out one message with each Write of out.
type ipfixWriter struct {
	out     io.Writer
	now     func() time.Time // of export; nil for the latest end in the message, so that files depend on flows alone
	message []byte
	set     int // where the set at hand begins in message, 0 if there is none
	setOf   int // its template
	records uint32
	latest  int64

	messages int    // before this one
	sequence uint32 // data records in them, modulo 2^32
}

func newIPFIXWriter(out io.Writer, now func() time.Time) *ipfixWriter {
	w := &ipfixWriter{out: out, now: now}
	w.begin()
	return w
}

// begin starts a message, whose header is filled in when it is sent.
func (w *ipfixWriter) begin() {
	w.message = append(w.message[:0], make([]byte, ipfixHeader)...)
	w.set, w.records, w.latest = 0, 0, 0
	if w.messages%ipfixTemplateEvery != 0 {
		return
	}
	w.openSet(ipfixTemplateSet)
	for number, fields := range ipfixTemplates {
		w.message = binary.BigEndian.AppendUint16(w.message, uint16(ipfixFirstTemplate+number))
		w.message = binary.BigEndian.AppendUint16(w.message, uint16(len(fields)))
		for _, f := range fields {
			w.message = binary.BigEndian.AppendUint16(w.message, f.element)
			w.message = binary.BigEndian.AppendUint16(w.message, f.length)
		}
	}
	w.closeSet()
}

func (w *ipfixWriter) openSet(id uint16) {
	w.set = len(w.message)
	w.message = binary.BigEndian.AppendUint16(w.message, id)
	w.message = append(w.message, 0, 0) // the length
}

func (w *ipfixWriter) closeSet() {
	if w.set > 0 {
		binary.BigEndian.PutUint16(w.message[w.set+2:], uint16(len(w.message)-w.set))
		w.set = 0
	}
}

// Write adds flows in their order, a new set wherever another template is wanted.
func (w *ipfixWriter) Write(flows []Flow) error {
	for i := range flows {
		f := &flows[i]
		template := 0
		if !f.SrcAddr.Is4() || !f.DstAddr.Is4() {
			template |= templateSix
		}
		if isICMP(f.Proto) {
			template |= templateICMP
		}
		if len(w.message)+4+ipfixRecordBytes(template) > ipfixMessageBytes {
			if err := w.send(); err != nil {
				return err
			}
		}
		if w.set == 0 || w.setOf != template {
			w.closeSet()
			w.openSet(uint16(ipfixFirstTemplate + template))
			w.setOf = template
		}
		w.message = appendIPFIXRecord(w.message, f, template)
		w.records++
		w.latest = max(w.latest, f.End)
	}
	return nil
}

// appendIPFIXRecord follows the order of ipfixTemplates.
func appendIPFIXRecord(b []byte, f *Flow, template int) []byte {
	b = binary.BigEndian.AppendUint64(b, uint64(f.Start/1000))
	b = binary.BigEndian.AppendUint64(b, uint64(f.End/1000))
	b = binary.BigEndian.AppendUint64(b, f.Packets)
	b = binary.BigEndian.AppendUint64(b, f.Bytes)
	for _, a := range [...]netip.Addr{f.SrcAddr, f.DstAddr} {
		if template&templateSix != 0 {
			octets := a.As16()
			b = append(b, octets[:]...)
		} else {
			octets := a.As4()
			b = append(b, octets[:]...)
		}
	}
	b = binary.BigEndian.AppendUint16(b, f.SrcPort)
	b = binary.BigEndian.AppendUint16(b, f.DstPort)
	b = append(b, f.Proto, f.TCPFlags, f.ToS)
	if template&templateICMP != 0 {
		b = binary.BigEndian.AppendUint16(b, f.DstPort)
	}
	return b
}

// send gives the message out and begins the next.
func (w *ipfixWriter) send() error {
	w.closeSet()
	exported := (w.latest + 999_999) / 1_000_000
	if w.now != nil {
		exported = w.now().Unix()
	}
	h := w.message[:ipfixHeader]
	binary.BigEndian.PutUint16(h, 10)
	binary.BigEndian.PutUint16(h[2:], uint16(len(w.message)))
	binary.BigEndian.PutUint32(h[4:], uint32(min(exported, math.MaxUint32)))
	binary.BigEndian.PutUint32(h[8:], w.sequence)
	binary.BigEndian.PutUint32(h[12:], ipfixDomain)
	if _, err := w.out.Write(w.message); err != nil {
		return writeError(err)
	}
	w.messages++
	w.sequence += w.records
	w.begin()
	return nil
}

// Close gives out what is left; it leaves the underlying writer open.
func (w *ipfixWriter) Close() error {
	if w.records == 0 && w.messages > 0 {
		return nil
	}
	return w.send()
}
