package dataset

import (
	"bytes"
	"encoding/json"
)

// jsonLayout returns the layout of records that are JSON objects, one a line. Fields are named by their path: "source.ip"
// is found in {"source":{"ip":...}} and in {"source.ip":...}. Of a key that stands twice the last one counts.
func jsonLayout(fields []field, finish func(*biflow) Reason) *layout {
	l := &layout{fields: fields, split: splitJSON, malformed: badJSON, finish: finish, index: make(map[string]int)}
	for i, f := range fields {
		l.index[f.name] = i
	}
	return l
}

// detectJSON reports whether a line is an object with these fields of the layout.
func detectJSON(l *layout, line []byte, names ...string) bool {
	if len(line) == 0 || line[0] != '{' {
		return false
	}
	p := newRowParser(l, nil)
	if !splitJSON(p, line) {
		return false
	}
	for _, name := range names {
		if len(p.values[l.index[name]]) == 0 {
			return false
		}
	}
	return true
}

func splitJSON(p *rowParser, line []byte) bool {
	clear(p.values)
	p.path = p.path[:0]
	line = bytes.TrimSpace(line)
	if len(line) == 0 || line[0] != '{' || !json.Valid(line) {
		return false
	}
	p.object(line, 1)
	return true
}

// object takes the values of an object of valid JSON whose members begin at b[at], and returns where it ends.
func (p *rowParser) object(b []byte, at int) int {
	for {
		at = skipToToken(b, at)
		if b[at] == '}' {
			return at + 1
		}
		outer := len(p.path)
		if outer > 0 {
			p.path = append(p.path, '.')
		}
		end := stringEnd(b, at)
		p.path = append(p.path, unquote(b[at:end])...)
		at = skipToToken(b, end)
		switch b[at] {
		case '{':
			at = p.object(b, at+1)
		case '[':
			at = arrayEnd(b, at)
		default:
			end := literalEnd(b, at)
			if i, known := p.layout.index[string(p.path)]; known {
				p.values[i] = scalar(b[at:end])
			}
			at = end
		}
		p.path = p.path[:outer]
	}
}

// skipToToken skips blanks, commas and colons.
func skipToToken(b []byte, at int) int {
	for b[at] == ' ' || b[at] == ',' || b[at] == ':' || b[at] == '\t' || b[at] == '\r' || b[at] == '\n' {
		at++
	}
	return at
}

// stringEnd returns the place behind the string that begins at b[at].
func stringEnd(b []byte, at int) int {
	for at++; b[at] != '"'; at++ {
		if b[at] == '\\' {
			at++
		}
	}
	return at + 1
}

func arrayEnd(b []byte, at int) int {
	for depth := 0; ; {
		switch b[at] {
		case '[':
			depth++
		case ']':
			if depth--; depth == 0 {
				return at + 1
			}
		case '"':
			at = stringEnd(b, at) - 1
		}
		at++
	}
}

func literalEnd(b []byte, at int) int {
	if b[at] == '"' {
		return stringEnd(b, at)
	}
	for bytes.IndexByte([]byte(" ,]}\t\r\n"), b[at]) < 0 {
		at++
	}
	return at
}

// scalar returns the text of a string, a number or a truth value, and nothing for null.
func scalar(literal []byte) []byte {
	switch {
	case literal[0] == '"':
		return unquote(literal)
	case string(literal) == "null":
		return nil
	}
	return literal
}

func unquote(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var text string
	if json.Unmarshal(literal, &text) != nil {
		return nil
	}
	return []byte(text)
}

// appendJSONText appends text as a JSON string.
func appendJSONText(b []byte, text string) []byte {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c > '~' {
			quoted, err := json.Marshal(text)
			if err != nil {
				panic(err) // a string always has a JSON form
			}
			return append(b, quoted...)
		}
	}
	b = append(b, '"')
	b = append(b, text...)
	return append(b, '"')
}
