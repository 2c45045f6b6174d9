package dataset

// Reason says why a line was refused.
type Reason string

// The reasons, each with what the column should hold in wanted.
const (
	badColumns    Reason = "wrong number of columns"
	badTime       Reason = "bad time"
	badDuration   Reason = "bad duration"
	badAddress    Reason = "bad address"
	badPort       Reason = "bad port"
	badProtocol   Reason = "unknown protocol"
	badFlags      Reason = "bad TCP flags"
	badForwarding Reason = "bad forwarding status"
	badToS        Reason = "bad type of service"
	badPackets    Reason = "bad packet count"
	badBytes      Reason = "bad byte count"
	tooFewBytes   Reason = "too few bytes for the packets"
	tooManyBytes  Reason = "too many bytes for the packets"
	badLabel      Reason = "bad label"
	tooLong       Reason = "line too long"
	badJSON       Reason = "not a JSON object"
	badPacket     Reason = "damaged packet"
	badMessage    Reason = "damaged message"
	noTemplate    Reason = "no template"
	noSystemInit  Reason = "times since an unknown start"
	badHeader     Reason = "other columns than those of the file's header"

	// notIP is no fault: the record is not about IP packets. It is counted apart.
	notIP Reason = "not an IP flow"

	// Of tables.
	badRow     Reason = "no row of the table"
	badEntity  Reason = "bad entity"
	badInstant Reason = "no time"
	badNumber  Reason = "no number"
	badClass   Reason = "unknown class"
	noValue    Reason = "no value"
)

var wanted = map[Reason]string{
	badColumns:    "as many columns as the file's header has, or its format",
	badTime:       "two of start, end and duration in the format's notation, start not before 1970, end not before start",
	badDuration:   "seconds, 0 or more",
	badAddress:    "an IPv4 or IPv6 address",
	badPort:       "0 to 65535",
	badProtocol:   "an IANA protocol name or number",
	badFlags:      "UAPRSF or dots, 0x and hexadecimal digits, or 0 to 255, as the format has it",
	badForwarding: "0 to 255",
	badToS:        "0 to 255",
	badPackets:    "1 to 140737488355327",
	badBytes:      "0 to 140737488355327",
	tooFewBytes:   "at least 20 a packet, the size of an IP header",
	tooManyBytes:  "at most 65535 a packet",
	badLabel:      "at most 256 bytes of printable text without quotes",
	tooLong:       "at most 65536 bytes",
	badJSON:       "one object a line",
	badPacket:     "a frame of the capture's link type with a whole IP header",
	badMessage:    "a whole message of NetFlow v5, v9 or IPFIX",
	noTemplate:    "the records' template in a message before them",
	noSystemInit:  "element 160 in the record, or in one before it or in options of its message",
	badHeader:     "one header a file",
	badRow:        "as many columns as the header, and quotes closed",
	badEntity:     "1 to 256 bytes of printable text",
	badInstant:    "seconds since 1970, or a time as 2006-01-02T15:04:05Z, up to the year 9999",
	badNumber:     "a finite number",
	badClass:      "one of the schema's classes",
	noValue:       "a value",
}
