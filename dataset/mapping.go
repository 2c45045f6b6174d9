package dataset

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Mapping says how a table of any shape, CSV or Parquet, is read as flows. It is a YAML file; docs/format/captures.md
// describes it.
type Mapping struct {
	separator byte
	header    bool
	columns   []mappedColumn
}

// mappedColumn is one entry of a mapping: the name of a column, or its number from 1 where there is no header, and what
// it says.
type mappedColumn struct {
	name string
	role role
	set  setter
}

// ReadMapping reads a mapping file. Errors name the line of what is wrong.
func ReadMapping(path string) (*Mapping, error) {
	content, err := os.ReadFile(path)
	if err != nil {
		return nil, readError(err)
	}
	m, err := parseMapping(content)
	if err != nil {
		return nil, fmt.Errorf("dataset: %s: %w: %w", path, ErrInput, err)
	}
	return m, nil
}

func parseMapping(content []byte) (*Mapping, error) {
	var file struct {
		Separator string               `yaml:"separator"`
		Header    *bool                `yaml:"header"`
		Columns   map[string]yaml.Node `yaml:"columns"`
	}
	decoder := yaml.NewDecoder(bytes.NewReader(content))
	decoder.KnownFields(true)
	if err := decoder.Decode(&file); errors.Is(err, io.EOF) {
		return nil, errors.New("the file is empty, want `columns:`")
	} else if err != nil {
		return nil, err
	}
	m := &Mapping{separator: ',', header: file.Header == nil || *file.Header}
	switch {
	case file.Separator == "tab":
		m.separator = '\t'
	case len(file.Separator) == 1 && file.Separator != `"`:
		m.separator = file.Separator[0]
	case file.Separator != "":
		return nil, fmt.Errorf("separator %q, want one character or tab", file.Separator)
	}
	for _, name := range slices.Sorted(maps.Keys(file.Columns)) {
		node := file.Columns[name]
		c, err := parseMappedColumn(name, &node)
		if err != nil {
			return nil, fmt.Errorf("line %d: %s: %w", node.Line, name, err)
		}
		if number, err := strconv.Atoi(c.name); !m.header && (err != nil || number < 1 || number > maxColumns) {
			return nil, fmt.Errorf("line %d: %s: column %q, want a number from 1 as there is no header", node.Line, name, c.name)
		}
		if slices.ContainsFunc(m.columns, func(other mappedColumn) bool { return other.name == c.name }) {
			return nil, fmt.Errorf("line %d: %s: column %q stands twice, want one part of a flow a column", node.Line, name, c.name)
		}
		m.columns = append(m.columns, c)
	}
	l := &layout{}
	for _, c := range m.columns {
		l.fields = append(l.fields, c.field())
	}
	return m, l.check()
}

// parseMappedColumn reads `role: NAME` or `role: {column: NAME, time: FORM, unit: UNIT}`.
func parseMappedColumn(roleName string, node *yaml.Node) (mappedColumn, error) {
	var c mappedColumn
	for role, name := range roleNames {
		if name == roleName {
			c.role = role
		}
	}
	if c.role == 0 {
		return c, fmt.Errorf("no part of a flow, want one of %s", strings.Join(slices.Sorted(maps.Values(roleNames)), ", "))
	}
	var time, unit string
	switch node.Kind {
	case yaml.ScalarNode:
		c.name = node.Value
	case yaml.MappingNode:
		for i := 0; i < len(node.Content); i += 2 {
			value := node.Content[i+1].Value
			switch key := node.Content[i].Value; key {
			case "column":
				c.name = value
			case "time":
				time = value
			case "unit":
				unit = value
			default:
				return c, fmt.Errorf("key %q, want column, time or unit", key)
			}
		}
	}
	if c.name == "" {
		return c, errors.New("no column named")
	}
	if time != "" && c.role&(isStart|isEnd) == 0 {
		return c, errors.New("a time form, which only start and end have")
	}
	if unit != "" && c.role&(isDuration|isBytes|isReverseBytes) == 0 {
		return c, errors.New("a unit, which only duration and bytes have")
	}
	var err error
	c.set, err = mappedSetter(c.role, time, unit)
	return c, err
}

func mappedSetter(r role, time, unit string) (setter, error) {
	switch r {
	case isStart, isEnd:
		form, err := parseTimeForm(time)
		if r == isStart {
			return startAs(form), err
		}
		return endAs(form), err
	case isDuration:
		decimals, known := map[string]int{"": 0, "s": 0, "ms": 3, "us": 6, "ns": 9}[unit]
		if !known {
			return nil, fmt.Errorf("unit %q, want s, ms, us or ns", unit)
		}
		return durationIn(decimals), nil
	case isBytes, isReverseBytes:
		factor, known := map[string]float64{"": 1, "B": 1, "kB": 1e3, "KiB": 1 << 10, "MB": 1e6, "MiB": 1 << 20}[unit]
		if !known {
			return nil, fmt.Errorf("unit %q, want B, kB, KiB, MB or MiB", unit)
		}
		return bytesTimes(factor, r == isReverseBytes), nil
	}
	return map[role]setter{
		isSrcAddr: setSrcAddr, isDstAddr: setDstAddr, isSrcPort: setWholeSrcPort, isDstPort: setDottedDstPort, isProto: setProto,
		isTCPFlags: setAnyFlags, isReverseTCPFlags: setReverseFlagNumber, isToS: setToS, isReverseToS: setReverseToS,
		isPackets: setPackets, isReversePackets: setReversePackets, isLabel: setLabel,
	}[r], nil
}

// parseTimeForm reads the name of a form of time, or a pattern of strftime's directives.
func parseTimeForm(text string) (timeForm, error) {
	forms := map[string]timeForm{
		"": anyClock, "unix": epochIn(0), "unix-ms": epochIn(3), "unix-us": epochIn(6), "unix-ns": epochIn(9), "rfc3339": isoClock,
	}
	if form, known := forms[text]; known {
		return form, nil
	}
	if !strings.Contains(text, "%") {
		return nil, fmt.Errorf("time %q, want unix, unix-ms, unix-us, unix-ns, rfc3339 or a pattern such as %%d/%%m/%%Y %%H:%%M:%%S", text)
	}
	layout, err := goTimeLayout(text)
	if err != nil {
		return nil, err
	}
	zoned := strings.Contains(text, "%z")
	return func(p *rowParser, text []byte) (int64, bool) {
		at, err := time.Parse(layout, string(text))
		if err != nil || at.Year() < 1970 || at.Year() > 9999 {
			return 0, false
		}
		if zoned {
			return at.UnixMicro(), true
		}
		return p.zone.toUTC(at.UnixMicro()), true
	}, nil
}

// goTimeLayout translates strftime's directives into Go's layout.
func goTimeLayout(pattern string) (string, error) {
	directives := map[byte]string{
		'Y': "2006", 'y': "06", 'm': "01", 'd': "02", 'b': "Jan", 'B': "January", 'H': "15", 'I': "03", 'p': "PM", 'M': "04",
		'S': "05", 'f': "999999999", 'z': "Z0700", '%': "%",
	}
	var layout strings.Builder
	for i := 0; i < len(pattern); i++ {
		if pattern[i] != '%' {
			layout.WriteByte(pattern[i])
			continue
		}
		i++
		if i == len(pattern) || directives[pattern[i]] == "" {
			return "", fmt.Errorf("time %q: want %%Y %%y %%m %%d %%b %%B %%H %%I %%p %%M %%S %%f %%z", pattern)
		}
		layout.WriteString(directives[pattern[i]])
	}
	return layout.String(), nil
}

// anyClock reads a date and a clock with - or / in the date, and a blank or T before the clock.
func anyClock(p *rowParser, text []byte) (int64, bool) {
	if len(text) > 10 && text[4] == '/' {
		return slashClock(p, text)
	}
	if len(text) > 10 && text[10] == 'T' {
		return isoClock(p, text)
	}
	return wallClock(p, text)
}

func bytesTimes(factor float64, reverse bool) setter {
	return func(_ *rowParser, b *biflow, text []byte) Reason {
		n, ok := parseCount(text)
		if !ok || factor != 1 {
			f, err := strconv.ParseFloat(string(text), 64)
			f = math.Round(f * factor)
			if err != nil || !(f >= 0 && f <= maxCount) {
				return badBytes
			}
			n = uint64(f)
		}
		if reverse {
			b.reverse.bytes = n
		} else {
			b.Bytes = n
		}
		return ""
	}
}

// setAnyFlags reads flags as a number, as letters with dots, or hexadecimal.
func setAnyFlags(p *rowParser, b *biflow, text []byte) Reason {
	if setFlagNumber(p, b, text) == "" {
		return ""
	}
	return setFlags(p, b, text)
}

// field returns the column as a layout has it. What a flow can do without may be empty.
func (c mappedColumn) field() field {
	return field{c.name, c.role, c.set, c.role&(isNeeded|isStart|isEnd|isDuration) == 0}
}

// notation returns the mapping as a format of CSV files.
func (m *Mapping) notation() *notation {
	return &notation{name: "map", title: "a table as mapped", detect: m.detect}
}

func (m *Mapping) detect(line []byte) (*layout, error) {
	l := &layout{split: splitQuoted(m.separator), malformed: badColumns}
	for i, name := range m.values(line) {
		name = strings.Trim(name, ` "`)
		if !m.header {
			name = strconv.Itoa(i + 1)
		}
		f := field{name: name}
		for _, c := range m.columns {
			if c.name == name {
				f = c.field()
			}
		}
		l.fields = append(l.fields, f)
	}
	for _, c := range m.columns {
		isIt := func(f field) bool { return f.name == c.name }
		first := slices.IndexFunc(l.fields, isIt)
		if first < 0 {
			return nil, fmt.Errorf("no column %q in its first line, %.200q", c.name, line)
		}
		if slices.ContainsFunc(l.fields[first+1:], isIt) {
			return nil, fmt.Errorf("column %q twice in its first line, %.200q", c.name, line)
		}
	}
	if m.header {
		header := bytes.Clone(line)
		l.isHeader = func(line []byte) bool { return bytes.Equal(line, header) }
	}
	return l, nil
}

// values returns the values of a first line, cut at every separator where its quotes are none of RFC 4180.
func (m *Mapping) values(line []byte) []string {
	var values []string
	for rest := line; rest != nil; {
		value, behind, ok := cutQuoted(rest, m.separator)
		if !ok {
			return strings.Split(string(line), string(m.separator))
		}
		values, rest = append(values, string(value)), behind
	}
	return values
}

// splitQuoted is splitAt for values that may stand in quotes, doubled inside, as RFC 4180 has it but for line feeds.
func splitQuoted(separator byte) func(p *rowParser, line []byte) bool {
	plain := splitAt(separator)
	return func(p *rowParser, line []byte) bool {
		if bytes.IndexByte(line, '"') < 0 {
			return plain(p, line)
		}
		for i := range p.values {
			value, rest, ok := cutQuoted(line, separator)
			last := i == len(p.values)-1
			if !ok || (rest == nil) != last {
				return false
			}
			p.values[i], line = trimBlanks(value), rest
		}
		return true
	}
}

// cutQuoted returns the first value of a line and what stands behind its separator, nil if there is none.
func cutQuoted(line []byte, separator byte) (value, rest []byte, ok bool) {
	if len(line) == 0 || line[0] != '"' {
		value, rest, found := bytes.Cut(line, []byte{separator})
		if !found {
			rest = nil
		}
		return value, rest, true
	}
	for at := 1; at < len(line); at++ {
		if line[at] != '"' {
			value = append(value, line[at])
			continue
		}
		if at++; at == len(line) {
			return value, nil, true
		}
		switch line[at] {
		case '"':
			value = append(value, '"')
		case separator:
			return value, line[at+1:], true
		default:
			return nil, nil, false
		}
	}
	return nil, nil, false
}
