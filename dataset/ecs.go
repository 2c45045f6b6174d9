package dataset

import (
	"io"
	"strconv"
)

// ECS is the Elastic Common Schema, one JSON object a line. TCP flags and ToS have no field in it: they stand where
// Filebeat's NetFlow input puts them. ICMP's type*256+code is the destination's port, as in NetFlow.
var ecsFields = []field{
	{"event.start", isStart, startAs(isoClock), false},
	{"event.end", isEnd, endAs(isoClock), false},
	{"source.ip", isSrcAddr, setSrcAddr, false},
	{"source.port", isSrcPort, setSrcPort, true},
	{"source.packets", isPackets, setPackets, false},
	{"source.bytes", isBytes, setBytes, false},
	{"destination.ip", isDstAddr, setDstAddr, false},
	{"destination.port", isDstPort, setDstPort, true},
	{"destination.packets", isReversePackets, setReversePackets, true},
	{"destination.bytes", isReverseBytes, setReverseBytes, true},
	{"network.iana_number", isProto, setProto, false},
	{"netflow.tcp_control_bits", isTCPFlags, setFlagNumber, true},
	{"netflow.ip_class_of_service", isToS, setToS, true},
	{"labels.class", isLabel, setLabel, true},
}

var ecsFormat = &notation{
	name: "ecs-ndjson", title: "ECS", extension: "ndjson", detect: detectECS, newWriter: newECSWriter,
}

var ecsLayout = jsonLayout(ecsFields, nil)

func detectECS(line []byte) (*layout, error) {
	if detectJSON(ecsLayout, line, "event.start", "source.ip", "destination.ip") {
		return ecsLayout, nil
	}
	return nil, nil
}

// newECSWriter writes everything that a flow holds but Host.
func newECSWriter(out io.Writer) flowWriter {
	start, end := dateCache{second: -1}, dateCache{second: -1}
	return newLineWriter(out, "", "", func(w *lineWriter, b []byte, f *Flow) []byte {
		b = append(b, `{"@timestamp":"`...)
		b = appendISO(b, &end, f.End)
		b = append(b, `","ecs":{"version":"9.0.0"},"event":{"kind":"event","category":["network"],"type":["connection"],"start":"`...)
		b = appendISO(b, &start, f.Start)
		b = append(b, `","end":"`...)
		b = appendISO(b, &end, f.End)
		b = append(b, `","duration":`...)
		b = strconv.AppendInt(b, (f.End-f.Start)*1000, 10)
		b = append(b, `},"source":{"ip":"`...)
		b = append(b, w.texts.of(f.SrcAddr)...)
		b = append(b, `","port":`...)
		b = strconv.AppendUint(b, uint64(f.SrcPort), 10)
		b = append(b, `,"packets":`...)
		b = strconv.AppendUint(b, f.Packets, 10)
		b = append(b, `,"bytes":`...)
		b = strconv.AppendUint(b, f.Bytes, 10)
		b = append(b, `},"destination":{"ip":"`...)
		b = append(b, w.texts.of(f.DstAddr)...)
		b = append(b, `","port":`...)
		b = strconv.AppendUint(b, uint64(f.DstPort), 10)
		b = append(b, `},"network":{"type":"`...)
		if f.SrcAddr.Is4() {
			b = append(b, "ipv4"...)
		} else {
			b = append(b, "ipv6"...)
		}
		b = append(b, `","iana_number":"`...)
		b = strconv.AppendUint(b, uint64(f.Proto), 10)
		if name := ecsTransport(f.Proto); name != "" {
			b = append(b, `","transport":"`...)
			b = append(b, name...)
		}
		b = append(b, `","packets":`...)
		b = strconv.AppendUint(b, f.Packets, 10)
		b = append(b, `,"bytes":`...)
		b = strconv.AppendUint(b, f.Bytes, 10)
		b = append(b, `},"netflow":{"tcp_control_bits":`...)
		b = strconv.AppendUint(b, uint64(f.TCPFlags), 10)
		b = append(b, `,"ip_class_of_service":`...)
		b = strconv.AppendUint(b, uint64(f.ToS), 10)
		b = append(b, '}')
		if f.Label != "" {
			b = append(b, `,"labels":{"class":`...)
			b = appendJSONText(b, f.Label)
			b = append(b, '}')
		}
		return append(b, "}\n"...)
	})
}

// ecsTransport returns the protocol's name in lower case as ECS's network.transport has it, "" where it has none.
func ecsTransport(proto uint8) string {
	switch proto {
	case protoTCP:
		return "tcp"
	case protoUDP:
		return "udp"
	case protoICMP:
		return "icmp"
	case protoICMPv6:
		return "ipv6-icmp"
	}
	return ""
}

// appendISO appends `2006-01-02T15:04:05.000000Z`.
func appendISO(b []byte, date *dateCache, at int64) []byte {
	begin := len(b)
	b = append(b, date.of(at)...)
	b[begin+len("2006-01-02")] = 'T'
	b = append(b, '.')
	b = appendDigits(b, at%1e6, 6)
	return append(b, 'Z')
}
