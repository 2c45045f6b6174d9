package dataset

import (
	"maps"
	"strconv"
	"strings"
)

// protocolNames holds the name of each IP protocol by its IANA number: the keyword of the registry (Assigned Internet
// Protocol Numbers), except where nfdump, and so UGR'16, writes another one: IPIP for 4, ICMP6 for 58. An empty name
// is written as the number.
var protocolNames = [256]string{
	0: "HOPOPT", "ICMP", "IGMP", "GGP", "IPIP", "ST", "TCP", "CBT", "EGP", "IGP",
	10: "BBN-RCC-MON", "NVP-II", "PUP", "ARGUS", "EMCON", "XNET", "CHAOS", "UDP", "MUX", "DCN-MEAS",
	20: "HMP", "PRM", "XNS-IDP", "TRUNK-1", "TRUNK-2", "LEAF-1", "LEAF-2", "RDP", "IRTP", "ISO-TP4",
	30: "NETBLT", "MFE-NSP", "MERIT-INP", "DCCP", "3PC", "IDPR", "XTP", "DDP", "IDPR-CMTP", "TP++",
	40: "IL", "IPv6", "SDRP", "IPv6-Route", "IPv6-Frag", "IDRP", "RSVP", "GRE", "DSR", "BNA",
	50: "ESP", "AH", "I-NLSP", "SWIPE", "NARP", "Min-IPv4", "TLSP", "SKIP", "ICMP6", "IPv6-NoNxt",
	60: "IPv6-Opts", "", "CFTP", "", "SAT-EXPAK", "KRYPTOLAN", "RVD", "IPPC", "", "SAT-MON",
	70: "VISA", "IPCV", "CPNX", "CPHB", "WSN", "PVP", "BR-SAT-MON", "SUN-ND", "WB-MON", "WB-EXPAK",
	80: "ISO-IP", "VMTP", "SECURE-VMTP", "VINES", "IPTM", "NSFNET-IGP", "DGP", "TCF", "EIGRP", "OSPF",
	90: "Sprite-RPC", "LARP", "MTP", "AX.25", "", "MICP", "SCC-SP", "ETHERIP", "ENCAP", "",
	100: "GMTP", "IFMP", "PNNI", "PIM", "ARIS", "SCPS", "QNX", "A/N", "IPComp", "SNP",
	110: "Compaq-Peer", "IPX-in-IP", "VRRP", "PGM", "", "L2TP", "DDX", "IATP", "STP", "SRP",
	120: "UTI", "SMP", "SM", "PTP", "ISIS", "FIRE", "CRTP", "CRUDP", "SSCOPMCE", "IPLT",
	130: "SPS", "PIPE", "SCTP", "FC", "RSVP-E2E-IGNORE", "Mobility", "UDPLite", "MPLS-in-IP", "manet", "Shim6",
	140: "WESP", "ROHC", "Ethernet", "AGGFRAG", "NSH", "Homa",
}

// nfdumpNames are the names that nfdump 1.7.1 writes where protocolNames has others. It writes IDPR for 35 and for 38.
var nfdumpNames = map[string]uint8{
	"BBN": 10, "NVPII": 11, "ENCOM": 14, "DCN": 19, "XNS": 22, "TRNK1": 23, "TRNK2": 24, "LEAF1": 25, "LEAF2": 26, "ISO-4": 29,
	"NETBK": 30, "MFESP": 31, "MEINP": 32, "RTE6": 43, "FRAG6": 44, "MHRP": 48, "INLSP": 52, "MOBIL": 55, "NOHE6": 59,
	"OPTS6": 60, "HOST": 61, "NET": 63, "SATNT": 64, "KLAN": 65, "FS": 68, "SATM": 69, "BSATM": 76, "SUNND": 77, "WBMON": 78,
	"WBEXP": 79, "ISOIP": 80, "SVMTP": 82, "TTP": 84, "NSIGP": 85, "S-RPC": 90, "OS": 94, "SCCSP": 96, "ETHIP": 97, "IPCMP": 108,
	"CPQPP": 110, "IPXIP": 111, "0HOP": 114, "ISIS4": 124, "MHEAD": 135, "UDP-L": 136, "MPLS": 137,
}

// protocolNumbers is the inverse of protocolNames, in upper case, with nfdump's and other common spellings.
var protocolNumbers = func() map[string]uint8 {
	numbers := maps.Clone(nfdumpNames)
	maps.Copy(numbers, map[string]uint8{
		"IPV4": 4, "IP-ENCAP": 4, "IPENCAP": 4, "IPNIP": 4, "ICMPV6": 58, "IPV6-ICMP": 58, "UDP-LITE": 136, "OSPFIGP": 89,
	})
	for number, name := range protocolNames {
		if name != "" {
			numbers[strings.ToUpper(name)] = uint8(number)
		}
	}
	return numbers
}()

// ProtocolName returns the name of an IANA protocol number, or the number where it has none. ParseProtocol reads both.
func ProtocolName(number uint8) string {
	if name := protocolNames[number]; name != "" {
		return name
	}
	return strconv.Itoa(int(number))
}

// ParseProtocol returns the number of a protocol given by name, in any case, or by number.
func ParseProtocol(text string) (uint8, bool) {
	if number, ok := protocolNumbers[strings.ToUpper(text)]; ok {
		return number, true
	}
	number, err := strconv.ParseUint(text, 10, 8)
	return uint8(number), err == nil
}
