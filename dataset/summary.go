package dataset

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
)

// maxBadLines is how many refused lines a summary quotes; all are counted.
const maxBadLines = 20

// Summary tells what became of every line that ingest read.
type Summary struct {
	Inputs       int              `json:"inputs"`                 // files
	EmptyInputs  []string         `json:"empty_inputs,omitempty"` // files without a flow
	Lines        int64            `json:"lines"`                  // of all kinds
	OtherLines   int64            `json:"other_lines"`            // headers, blank lines and the exporter's own sums
	NotIP        int64            `json:"not_ip,omitempty"`       // records that are not about IP packets
	Records      int64            `json:"records"`                // lines that are flow records
	Biflow       Biflow           `json:"biflow"`                 // what became of records of both directions
	Pseudonyms   string           `json:"pseudonyms,omitempty"`   // what replaced the addresses, with the key's ID
	Coarsening   string           `json:"coarsening,omitempty"`   // what the flows do not tell any more
	Flows        int64            `json:"flows"`                  // what the records came to
	Kept         int64            `json:"kept"`                   // flows with an internal address
	External     int64            `json:"external"`               // flows dropped because neither address is internal
	BothInternal int64            `json:"both_internal"`          // kept flows that belong to two hosts
	Bad          int64            `json:"bad"`                    // lines refused
	BadByReason  map[Reason]int64 `json:"bad_by_reason,omitempty"`
	BadLines     []BadLine        `json:"bad_lines,omitempty"` // the first ones, in input order
	Protocols    map[string]int64 `json:"protocols"`           // kept flows by protocol
	Sources      []Source         `json:"sources,omitempty"`   // the files, where all were read to their end
}

// BadLine is one refused line.
type BadLine struct {
	File   string `json:"file"`
	Line   int64  `json:"line"`
	Column string `json:"column,omitempty"` // empty where the fault is the whole line's
	Value  string `json:"value"`            // what stood there, shortened
	Reason Reason `json:"reason"`

	place uint64 // in the input
}

// String reads `FILE: line 812: dp "70000": bad port, want 0 to 65535`.
func (b BadLine) String() string {
	return fmt.Sprintf("%s: line %d: %s", b.File, b.Line, b.fault())
}

func (b BadLine) fault() string {
	subject := fmt.Sprintf("%q", b.Value)
	if b.Column != "" {
		subject = b.Column + " " + subject
	}
	return fmt.Sprintf("%s: %s, want %s", subject, b.Reason, wanted[b.Reason])
}

// tally gathers a Summary from several goroutines.
type tally struct {
	mu        sync.Mutex
	s         Summary
	protocols [256]int64
	perInput  []int64 // flows
	example   string  // a flow between two external addresses
}

// add adds what one block of lines gave. The caller holds the lock.
func (t *tally) add(b *blockTally, input int) {
	t.s.Lines += b.lines
	t.s.OtherLines += b.other
	t.s.NotIP += b.notIP
	t.s.Records += b.records
	t.s.Flows += b.flows
	t.s.Kept += b.kept
	t.s.External += b.external
	t.s.BothInternal += b.both
	t.s.Bad += b.bad
	t.perInput[input] += b.flows
	for reason, n := range b.byReason {
		if t.s.BadByReason == nil {
			t.s.BadByReason = make(map[Reason]int64)
		}
		t.s.BadByReason[reason] += n
	}
	for protocol, n := range b.protocols {
		t.protocols[protocol] += n
	}
	if len(b.badLines) > 0 {
		t.s.BadLines = append(t.s.BadLines, b.badLines...)
		slices.SortFunc(t.s.BadLines, func(x, y BadLine) int { return cmp.Compare(x.place, y.place) })
		t.s.BadLines = t.s.BadLines[:min(len(t.s.BadLines), maxBadLines)]
	}
	if t.example == "" {
		t.example = b.example
	}
}

// summary returns what was gathered so far; name tells what to call a file.
func (t *tally) summary(name func(input int) string) *Summary {
	t.mu.Lock()
	defer t.mu.Unlock()
	s := t.s
	s.Inputs = len(t.perInput)
	for i, flows := range t.perInput {
		if flows == 0 {
			s.EmptyInputs = append(s.EmptyInputs, name(i))
		}
	}
	s.Protocols = make(map[string]int64)
	for protocol, n := range t.protocols {
		if n > 0 {
			s.Protocols[ProtocolName(uint8(protocol))] = n
		}
	}
	return &s
}
