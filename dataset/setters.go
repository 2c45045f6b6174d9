package dataset

import (
	"bytes"
	"math"
	"strconv"
	"time"
)

// The setters below read one column each; layouts are put together from them.

// setNumber reads a whole number of at most most, which fits T.
func setNumber[T uint8 | uint16](to *T, text []byte, most uint64, bad Reason) Reason {
	number, ok := parseUint(text, most)
	if !ok {
		return bad
	}
	*to = T(number)
	return ""
}

// setParsed reads what parse does.
func setParsed[T any](to *T, parse func([]byte) (T, bool), text []byte, bad Reason) Reason {
	value, ok := parse(text)
	if !ok {
		return bad
	}
	*to = value
	return ""
}

func setSrcAddr(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.SrcAddr, parseAddr, text, badAddress)
}

func setDstAddr(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.DstAddr, parseAddr, text, badAddress)
}

func setSrcPort(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.SrcPort, text, 65535, badPort)
}

func setDstPort(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.DstPort, text, 65535, badPort)
}

// setDottedDstPort also reads ICMP's type and code as "3.1".
func setDottedDstPort(p *rowParser, b *biflow, text []byte) Reason {
	point := bytes.IndexByte(text, '.')
	if point < 0 {
		return setDstPort(p, b, text)
	}
	code, ok := parseUint(text[point+1:], 255)
	if !ok {
		return badPort
	}
	b.dotted, b.icmpCode = true, uint8(code)
	return setDstPort(p, b, text[:point])
}

// setWholeSrcPort also reads ports that went through floating-point software, such as 80.0.
func setWholeSrcPort(p *rowParser, b *biflow, text []byte) Reason {
	return setSrcPort(p, b, bytes.TrimSuffix(text, []byte(".0")))
}

func setProto(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.Proto, parseProtocol, text, badProtocol)
}

func setFlags(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.TCPFlags, parseFlags, text, badFlags)
}

// setFlagNumber reads flags as a decimal number, as IPFIX and its tables have them.
func setFlagNumber(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.TCPFlags, text, 255, badFlags)
}

func setReverseFlagNumber(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.reverse.tcpFlags, text, 255, badFlags)
}

func setToS(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.ToS, text, 255, badToS)
}

func setReverseToS(_ *rowParser, b *biflow, text []byte) Reason {
	return setNumber(&b.reverse.tos, text, 255, badToS)
}

// checkForwarding checks a forwarding status, which is not kept.
func checkForwarding(_ *rowParser, _ *biflow, text []byte) Reason {
	if _, ok := parseUint(text, 255); !ok {
		return badForwarding
	}
	return ""
}

func setPackets(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.Packets, parseCount, text, badPackets)
}

func setBytes(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.Bytes, parseCount, text, badBytes)
}

func setReversePackets(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.reverse.packets, parseCount, text, badPackets)
}

func setReverseBytes(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.reverse.bytes, parseCount, text, badBytes)
}

func setLabel(p *rowParser, b *biflow, text []byte) Reason {
	label, ok := p.labels.of(text)
	if !ok {
		return badLabel
	}
	b.Label = label
	return ""
}

// setMillisDuration reads seconds, rounded to the millisecond that NetFlow has.
func setMillisDuration(_ *rowParser, b *biflow, text []byte) Reason {
	return setParsed(&b.duration, parseDuration, text, badDuration)
}

// durationIn returns a setter of durations in units of 10^-decimals seconds, exact to the µs.
func durationIn(decimals int) setter {
	return func(_ *rowParser, b *biflow, text []byte) Reason {
		duration, ok := parseScaled(text, 6-decimals)
		if !ok || duration > maxTime {
			return badDuration
		}
		b.duration = duration
		return ""
	}
}

// timeForm reads a time into µs since 1970 UTC.
type timeForm func(p *rowParser, text []byte) (int64, bool)

func startAs(form timeForm) setter {
	return func(p *rowParser, b *biflow, text []byte) Reason {
		at, ok := form(p, text)
		if !ok {
			return badTime
		}
		b.Start = at
		return ""
	}
}

func endAs(form timeForm) setter {
	return func(p *rowParser, b *biflow, text []byte) Reason {
		at, ok := form(p, text)
		if !ok {
			return badTime
		}
		b.End = at
		return ""
	}
}

// wallClock reads `2006-01-02 15:04:05` with up to six decimals, on the clock of --tz.
func wallClock(p *rowParser, text []byte) (int64, bool) {
	at, ok := parseTime(text)
	return p.zone.toUTC(at), ok
}

// slashClock reads `2006/01/02 15:04:05` with up to six decimals, on the clock of --tz.
func slashClock(p *rowParser, text []byte) (int64, bool) {
	at, ok := parseClock(text, '/', ' ')
	return p.zone.toUTC(at), ok
}

// epochIn returns a form of numbers of 10^-decimals seconds since 1970.
func epochIn(decimals int) timeForm {
	return func(_ *rowParser, text []byte) (int64, bool) { return parseScaled(text, 6-decimals) }
}

// localMicros reads what the clock of --tz showed, as µs since it showed 1970.
func localMicros(p *rowParser, text []byte) (int64, bool) {
	at, ok := parseScaled(text, 0)
	return p.zone.toUTC(at), ok
}

// isoClock reads RFC 3339; a time without an offset is on the clock of --tz.
func isoClock(p *rowParser, text []byte) (int64, bool) {
	if at, ok := parseClock(bytes.TrimSuffix(text, []byte("Z")), '-', 'T'); ok {
		if text[len(text)-1] == 'Z' {
			return at, true
		}
		return p.zone.toUTC(at), true
	}
	at, err := time.Parse(time.RFC3339Nano, string(text))
	return at.UnixMicro(), err == nil && at.Year() >= 1970
}

var powersOfTen = [7]uint64{1, 10, 100, 1000, 10_000, 100_000, 1_000_000}

// parseScaled returns the decimal number text times 10^decimals, rounded; decimals may be negative. Negative numbers are
// refused.
func parseScaled(text []byte, decimals int) (int64, bool) {
	point := bytes.IndexByte(text, '.')
	whole, rest := text, []byte(nil)
	if point >= 0 {
		whole, rest = text[:point], text[point+1:]
	}
	if decimals < 0 || decimals > 6 {
		return parseScaledFloat(text, decimals)
	}
	n, ok := parseUint(whole, math.MaxInt64/powersOfTen[decimals]-1)
	if !ok {
		return parseScaledFloat(text, decimals)
	}
	for i := range decimals + 1 {
		digit := byte('0')
		if i < len(rest) {
			digit = rest[i]
		}
		if digit < '0' || digit > '9' {
			return parseScaledFloat(text, decimals)
		}
		if i < decimals {
			n = n*10 + uint64(digit-'0')
		} else if digit >= '5' {
			n++
		}
	}
	for _, c := range rest {
		if c < '0' || c > '9' {
			return parseScaledFloat(text, decimals)
		}
	}
	return int64(n), n <= math.MaxInt64
}

// parseScaledFloat reads what parseScaled's quick way does not: exponents, and numbers of finer units.
func parseScaledFloat(text []byte, decimals int) (int64, bool) {
	if len(text) == 0 || len(text) > 40 || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	n, err := strconv.ParseFloat(string(text), 64)
	n = math.Round(n * math.Pow10(decimals))
	return int64(n), err == nil && n >= 0 && n <= 1<<62
}

// parseCount reads a number of packets or bytes: plain, or with the suffix of a thousand, a million ... that nfdump
// writes into its tables, such as `1.2 M`.
func parseCount(text []byte) (uint64, bool) {
	if len(text) == 0 || text[len(text)-1] <= '9' {
		return parseUint(text, maxCount)
	}
	decimals := 0
	switch text[len(text)-1] {
	case 'k', 'K':
		decimals = 3
	case 'M':
		decimals = 6
	case 'G':
		decimals = 9
	case 'T':
		decimals = 12
	default:
		return 0, false
	}
	n, ok := parseScaledFloat(trimBlanks(text[:len(text)-1]), decimals)
	return uint64(n), ok && n <= maxCount
}
