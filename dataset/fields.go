package dataset

import (
	"bytes"
	"net/netip"
	"strconv"
	"time"
	"unicode"
	"unicode/utf8"
)

func trimBlanks(b []byte) []byte {
	for len(b) > 0 && b[0] == ' ' {
		b = b[1:]
	}
	for len(b) > 0 && b[len(b)-1] == ' ' {
		b = b[:len(b)-1]
	}
	return b
}

// parseUint reads decimal digits of a number up to limit.
func parseUint(b []byte, limit uint64) (uint64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n uint64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + uint64(c-'0')
	}
	return n, n <= limit
}

// parseTime reads `2006-01-02 15:04:05` with up to six decimals; the result is µs since 1970 on the same wall clock.
func parseTime(b []byte) (int64, bool) { return parseClock(b, '-', ' ') }

// parseClock is parseTime with other characters between the parts of the date, and between date and clock.
func parseClock(b []byte, inDate, before byte) (int64, bool) {
	if len(b) < len(time.DateTime) || b[4] != inDate || b[7] != inDate || b[10] != before || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, ok1 := parseUint(b[:4], 9999)
	month, ok2 := parseUint(b[5:7], 12)
	day, ok3 := parseUint(b[8:10], 31)
	hour, ok4 := parseUint(b[11:13], 23)
	minute, ok5 := parseUint(b[14:16], 59)
	second, ok6 := parseUint(b[17:19], 59)
	if !(ok1 && ok2 && ok3 && ok4 && ok5 && ok6) || year < 1970 || month == 0 || day == 0 || day > daysIn(month, year) {
		return 0, false
	}
	var micros uint64
	if decimals := b[19:]; len(decimals) > 0 {
		var ok bool
		if micros, ok = parseUint(decimals[1:], 999_999); !ok || decimals[0] != '.' || len(decimals) > 7 {
			return 0, false
		}
		for range 7 - len(decimals) {
			micros *= 10
		}
	}
	seconds := ((daysSince1970(year, month, day)*24+int64(hour))*60+int64(minute))*60 + int64(second)
	return seconds*1e6 + int64(micros), true
}

func daysIn(month, year uint64) uint64 {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// daysSince1970 counts in years that begin in March, so that the leap day is the last of its year.
func daysSince1970(year, month, day uint64) int64 {
	if month <= 2 {
		year--
		month += 12
	}
	return int64(365*year+year/4-year/100+year/400+(153*(month-3)+2)/5+day) - 719_469
}

// parseDuration reads seconds as a decimal number and returns µs, rounded to the millisecond that NetFlow has: a file
// that went through floating-point software says 0.12800000000000011.
func parseDuration(b []byte) (int64, bool) {
	point := bytes.IndexByte(b, '.')
	if point < 0 {
		point = len(b)
	}
	seconds, ok := parseUint(b[:point], 1e11)
	if !ok {
		return parseSmallDuration(b)
	}
	decimals := b[min(point+1, len(b)):]
	var millis int64
	for i := range 4 {
		digit := byte('0')
		if i < len(decimals) {
			digit = decimals[i]
		}
		if i < 3 {
			millis = millis*10 + int64(digit-'0')
		} else if digit >= '5' {
			millis++
		}
	}
	for _, c := range decimals {
		if c < '0' || c > '9' {
			return parseSmallDuration(b)
		}
	}
	return (int64(seconds)*1000 + millis) * 1000, true
}

// parseSmallDuration reads what parseDuration's quick way does not: numbers with an exponent, such as 1e-05.
func parseSmallDuration(b []byte) (int64, bool) {
	if bytes.IndexByte(b, 'e') < 0 || len(b) > 30 || b[0] == '-' || b[0] == '+' {
		return 0, false
	}
	seconds, err := strconv.ParseFloat(string(b), 64)
	if err != nil || !(seconds >= 0 && seconds <= 1e11) {
		return 0, false
	}
	return int64(seconds*1000+0.5) * 1000, true
}

// appendMillis appends milliseconds as seconds with one to three decimals, as the published files have them.
func appendMillis(b []byte, millis int64) []byte {
	b = strconv.AppendInt(b, millis/1000, 10)
	rest := millis % 1000
	b = append(b, '.', byte('0'+rest/100))
	if rest%100 != 0 {
		b = append(b, byte('0'+rest/10%10))
	}
	if rest%10 != 0 {
		b = append(b, byte('0'+rest%10))
	}
	return b
}

// parseAddr reads an IPv4 or IPv6 address. IPv4 inside IPv6 becomes IPv4; zones are refused.
func parseAddr(b []byte) (netip.Addr, bool) {
	var octets [4]byte
	octet, digits, n := 0, 0, uint(0)
	for _, c := range b {
		switch {
		case c >= '0' && c <= '9' && (digits == 0 || n != 0) && digits < 3:
			n, digits = n*10+uint(c-'0'), digits+1
		case c == '.' && digits > 0 && n <= 255 && octet < 3:
			octets[octet] = byte(n)
			octet, digits, n = octet+1, 0, 0
		default:
			return parseIPv6(b)
		}
	}
	if octet != 3 || digits == 0 || n > 255 {
		return parseIPv6(b)
	}
	octets[3] = byte(n)
	return netip.AddrFrom4(octets), true
}

func parseIPv6(b []byte) (netip.Addr, bool) {
	if len(b) > 45 || bytes.IndexByte(b, ':') < 0 || bytes.IndexByte(b, '%') >= 0 {
		return netip.Addr{}, false
	}
	a, err := netip.ParseAddr(string(b))
	return a.Unmap(), err == nil
}

// parseProtocol reads a name in any case, or a number.
func parseProtocol(b []byte) (uint8, bool) {
	switch string(b) {
	case "TCP":
		return 6, true
	case "UDP":
		return 17, true
	case "ICMP":
		return 1, true
	}
	return ParseProtocol(string(b))
}

// flagLetters are the TCP flags from the highest bit to the lowest.
const flagLetters = "CEUAPRSF"

// parseFlags reads nfdump's notations: six or eight letters or dots, or hexadecimal with 0x.
func parseFlags(b []byte) (uint8, bool) {
	if len(b) > 2 && b[0] == '0' && b[1] == 'x' {
		n, err := strconv.ParseUint(string(b[2:]), 16, 8)
		return uint8(n), err == nil
	}
	if len(b) != 6 && len(b) != 8 {
		return 0, false
	}
	var flags uint8
	letters := flagLetters[8-len(b):]
	for i, c := range b {
		flags <<= 1
		switch c {
		case letters[i]:
			flags |= 1
		case '.':
		default:
			return 0, false
		}
	}
	return flags, true
}

// appendFlags appends six letters or dots, or hexadecimal where ECE or CWR is set, as nfdump 1.6 did for UGR'16.
func appendFlags(b []byte, flags uint8) []byte {
	if flags > 63 {
		b = append(b, "0x"...)
		return strconv.AppendUint(b, uint64(flags), 16)
	}
	for i, letter := range []byte(flagLetters[2:]) {
		if flags&(32>>i) == 0 {
			letter = '.'
		}
		b = append(b, letter)
	}
	return b
}

// FlagsText writes TCP flags as nfdump does: .AP.SF, in hexadecimal where ECE or CWR is set.
func FlagsText(flags uint8) string { return string(appendFlags(nil, flags)) }

// maxLabelBytes is generous for a class name.
const maxLabelBytes = 256

// validLabel reports whether a label can stand in every format: short, printable, without separators of CSV.
func validLabel(label string) bool {
	if len(label) > maxLabelBytes || !utf8.ValidString(label) {
		return false
	}
	for _, r := range label {
		if r == ',' || r == '"' || !unicode.IsPrint(r) {
			return false
		}
	}
	return len(label) == len(trimBlanks([]byte(label)))
}

// zoneCache turns wall-clock times of one zone into UTC. Offsets change at quarters of an hour only, so one is looked up
// for each quarter. A time that the clock showed twice, when summer ended, is the earlier one.
type zoneCache struct {
	zone    *time.Location
	quarter int64
	offset  int64 // µs to subtract, valid for quarter
	known   bool
}

func (z *zoneCache) toUTC(local int64) int64 {
	if z.zone == nil || z.zone == time.UTC {
		return local
	}
	const quarterMicros = 15 * 60 * 1e6
	if quarter := local / quarterMicros; !z.known || quarter != z.quarter {
		z.quarter, z.offset, z.known = quarter, offsetAt(time.UnixMicro(quarter*quarterMicros).UTC(), z.zone), true
	}
	return local - z.offset
}

// offsetAt returns how far the zone's clock is ahead of UTC, in µs, when it shows what wall shows.
func offsetAt(wall time.Time, zone *time.Location) int64 {
	there := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, zone)
	if changed, _ := there.ZoneBounds(); !changed.IsZero() {
		_, before := changed.Add(-1).Zone()
		if earlier := wall.Add(-time.Duration(before) * time.Second); earlier.Before(changed) {
			there = earlier
		}
	}
	return wall.UnixMicro() - there.UnixMicro()
}
