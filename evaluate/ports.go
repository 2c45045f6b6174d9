package evaluate

import "slices"

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
