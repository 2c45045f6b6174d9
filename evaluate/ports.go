package evaluate

import (
	"slices"
	"strconv"
)

// Port bins: one a port below 1024, one for each of the services in namedPorts, one for each 1024 ports above, one for
// each ICMP type, and one for protocols without ports.
const (
	wellKnownPorts = 1024
	portBins       = wellKnownPorts + len(namedPorts) + 64 + 256 + 1
)

// namedPorts are services above 1023 that users know by their port.
var namedPorts = [...]uint16{
	1080, 1194, 1433, 1434, 1521, 1701, 1723, 1812, 1813, 1883, 1900, 2049, 2082, 2083, 2086, 2087, 2095, 2096, 3074,
	3128, 3306, 3389, 3478, 4500, 5060, 5061, 5222, 5228, 5353, 5432, 5900, 6379, 6667, 6881, 8000, 8080, 8081, 8333,
	8443, 8888, 9000, 9090, 9200, 11211, 25565, 27017, 51413,
}

// namedPortBin maps each port above 1023 to its bin.
var namedPortBin = func() (bin [65536]uint16) {
	for port := range bin {
		bin[port] = uint16(wellKnownPorts + len(namedPorts) + port/wellKnownPorts)
	}
	for i, port := range namedPorts {
		bin[port] = uint16(wellKnownPorts + i)
	}
	return bin
}()

// namesService reports whether the port tells what a flow is for.
func namesService(port uint16) bool {
	return port < wellKnownPorts || slices.Contains(namedPorts[:], port)
}

func portBin(r *row, port uint16) int {
	switch {
	case r.icmp(): // NetFlow keeps type*256+code in the destination port, whichever end that is
		return wellKnownPorts + len(namedPorts) + 64 + int(r.DstPort>>8)
	case !r.hasPorts():
		return portBins - 1
	case port < wellKnownPorts:
		return int(port)
	default:
		return int(namedPortBin[port])
	}
}

// portClass names a port bin for drawing: a port with its service, or a range.
func portClass(bin int) string {
	const ranges = wellKnownPorts + len(namedPorts)
	switch {
	case bin < wellKnownPorts:
		return portName(bin)
	case bin < ranges:
		return portName(int(namedPorts[bin-wellKnownPorts]))
	case bin < ranges+32:
		return "1024 to 32767"
	case bin < ranges+48:
		return "32768 to 49151"
	case bin < ranges+64:
		return "49152 to 65535"
	case bin < portBins-1:
		return "ICMP"
	default:
		return "no ports"
	}
}

func portName(port int) string {
	if service := services[port]; service != "" {
		return strconv.Itoa(port) + " " + service
	}
	return strconv.Itoa(port)
}

// services are those that readers know by name.
var services = map[int]string{
	20: "FTP data", 21: "FTP", 22: "SSH", 23: "Telnet", 25: "SMTP", 53: "DNS", 80: "HTTP", 110: "POP3", 123: "NTP",
	137: "NetBIOS", 143: "IMAP", 161: "SNMP", 443: "HTTPS", 445: "SMB", 465: "SMTPS", 587: "SMTP", 993: "IMAPS",
	995: "POP3S", 1433: "MS SQL", 3306: "MySQL", 3389: "RDP", 5060: "SIP", 5222: "XMPP", 5353: "mDNS", 8080: "HTTP",
}
