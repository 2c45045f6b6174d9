package evaluate

import "stan/dataset"

// excerptRows is the number of rows of an excerpt.
const excerptRows = 12

const excerptTime = "2006-01-02 15:04:05.000"

// Excerpts are rows of the sets as they are, for a reader to look at.
type Excerpts struct {
	Synthetic Excerpt  `json:"synthetic"`
	Real      *Excerpt `json:"real,omitempty"` // only where Options.ShowReal asks for it: real rows may be secret
}

// Excerpt is some consecutive rows of one host.
type Excerpt struct {
	Host string       `json:"host"`
	Rows []ExcerptRow `json:"rows"`
}

// ExcerptRow is a flow as its host saw it.
type ExcerptRow struct {
	Time       string `json:"time"` // end of the flow, UTC
	Duration   Figure `json:"duration_s"`
	Sent       bool   `json:"sent"` // by the host
	Remote     string `json:"remote"`
	LocalPort  uint16 `json:"local_port"`
	RemotePort uint16 `json:"remote_port"`
	Protocol   string `json:"protocol"`
	Flags      string `json:"tcp_flags"`
	ToS        uint8  `json:"tos"`
	Packets    uint64 `json:"packets"`
	Bytes      uint64 `json:"bytes"`
}

// excerptOf takes rows from the middle of a sample.
func excerptOf(s *sample) Excerpt {
	first := len(s.rows) / 2
	for s.follows(first) {
		first--
	}
	e := Excerpt{Host: s.hosts[s.rows[first].host].String()}
	for i := first; i < len(s.rows) && len(e.Rows) < excerptRows && (i == first || s.follows(i)); i++ {
		r := &s.rows[i].row
		e.Rows = append(e.Rows, ExcerptRow{
			Time:     timeOf(r.End).Format(excerptTime),
			Duration: Figure(r.Duration().Seconds()), Sent: r.out, Remote: r.remote.String(),
			LocalPort: r.localPort, RemotePort: r.remotePort, Protocol: dataset.ProtocolName(r.Proto),
			Flags: dataset.FlagsText(r.TCPFlags), ToS: r.ToS, Packets: r.Packets, Bytes: r.Bytes,
		})
	}
	return e
}
