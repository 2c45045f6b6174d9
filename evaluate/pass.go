package evaluate

import (
	"fmt"
	"net/netip"
	"slices"
)

// maxGroups is the number of groups that hosts are dealt to, in the order of their appearance. Up to this many hosts
// each has a group of its own.
const maxGroups = 64

// counts is what one pass over a set leaves.
type counts struct {
	set    Set
	groups []*summary           // one or more hosts each
	total  *summary             // their sum
	hosts  map[netip.Addr]int64 // rows of each
	sample *sample
	// byContent is another one, which attacks on privacy look at.
	byContent *sample
	first     int64 // earliest end of a flow, µs
	last      int64 // latest end of a flow, µs
}

// summary holds the counts of some hosts of one set, a field for each family of measures.
type summary struct {
	rows       int64
	attributes attributeTally
	atoms      atomTally
	labels     labelTally
	rules      ruleTally
	hosts      hostTally
	temporal   temporalTally
	runs       runTally
	sessions   sessionTally
	structure  structureTally
	volumes    volumeTally
	pairs      pairTally
	copies     copyTally
	copied     copiedTally
}

// add adds the counts of other's hosts. A group added twice counts as twice as many hosts.
func (s *summary) add(other *summary) {
	s.rows += other.rows
	s.attributes.add(&other.attributes)
	s.atoms.add(&other.atoms)
	s.labels.add(&other.labels)
	s.rules.add(&other.rules)
	s.hosts.add(&other.hosts)
	s.temporal.add(&other.temporal)
	s.runs.add(&other.runs)
	s.sessions.add(&other.sessions)
	s.structure.add(&other.structure)
	s.volumes.add(&other.volumes)
	s.pairs.add(&other.pairs)
	s.copies.add(&other.copies)
	s.copied.add(&other.copied)
}

// sum returns the counts of all groups together.
func sum(groups []*summary) *summary {
	total := new(summary)
	for _, g := range groups {
		total.add(g)
	}
	return total
}

// stream is what the families remember of the host whose rows are being read.
type stream struct {
	host      netip.Addr
	current   row
	before    row
	figures   hostObserver
	temporal  temporalObserver
	runs      runObserver
	sessions  sessionObserver
	structure structureObserver
	pairs     pairObserver
	copied    copiedObserver
}

// count reads the set once. known are the training rows to look for, nil for none; each, unless nil, is called with every
// row.
func count(set Set, known *trainRows, each func(*row), o Options) (*counts, error) {
	c := &counts{set: set, hosts: make(map[netip.Addr]int64)}
	sampler := newSampler(o.Sample, o.Seed, hostKey)
	// A stream that stands in two sets has the same blocks here in both, whatever the host's address.
	byContent := newSampler(o.Sample, o.Seed, rowKey)
	var s stream
	var group *summary
	var hostRows int64
	endHost := func() {
		if group != nil {
			c.hosts[s.host], hostRows = hostRows, 0
			s.figures.end(&group.hosts, &group.volumes)
			s.temporal.end(&group.temporal)
			s.runs.end(&group.runs)
			s.sessions.end(&group.sessions)
			s.structure.end()
		}
	}
	var rows int64
	for batch, err := range set.Flows {
		if err != nil {
			return nil, fmt.Errorf("evaluate: %s: %w", set.Name, err)
		}
		for i := range batch {
			f := &batch[i]
			before := &s.before
			if group == nil || f.Host != s.host {
				endHost()
				if _, seen := c.hosts[f.Host]; seen {
					return nil, fmt.Errorf("evaluate: %s: row %d: host %v: %w", set.Name, rows+int64(i)+1, f.Host, ErrOrder)
				}
				group = c.groupOf(f.Host)
				s.host = f.Host
				before = nil
			}
			if len(c.hosts) == 1 && before == nil {
				c.first, c.last = f.End, f.End
			}
			c.first, c.last = min(c.first, f.End), max(c.last, f.End)
			r := &s.current
			r.set(f, before, set.Internal)
			group.rows++
			hostRows++
			group.attributes.row(r)
			group.atoms.row(r)
			group.labels.row(r)
			group.rules.row(r)
			if known != nil {
				group.copies.row(r, known.once)
				s.copied.row(r, known.streams, &group.copied)
			}
			s.figures.row(r)
			s.temporal.row(r, &s.before, &group.temporal)
			s.runs.row(r, &s.before, &group.runs)
			s.sessions.row(r, &group.sessions)
			s.structure.row(r, &s.before, &group.structure)
			s.pairs.row(r, &group.pairs)
			sampler.row(r)
			byContent.row(r)
			if each != nil {
				each(r)
			}
			s.before = *r
		}
		rows += int64(len(batch))
		if o.Progress != nil {
			o.Progress(set.Name, rows)
		}
	}
	if rows == 0 {
		return nil, fmt.Errorf("evaluate: %s: %w", set.Name, ErrEmpty)
	}
	endHost()
	hours := hourOf(c.last) - hourOf(c.first) + 1
	for _, g := range c.groups {
		g.hosts.hours = hours
	}
	c.total = sum(c.groups)
	c.sample = sampler.finish()
	c.byContent = byContent.finish()
	return c, nil
}

// groupOf notes a new host and returns its group.
func (c *counts) groupOf(host netip.Addr) *summary {
	i := len(c.hosts) % maxGroups
	c.hosts[host] = 0
	if i == len(c.groups) {
		c.groups = append(c.groups, new(summary))
	}
	return c.groups[i]
}

// outside returns how many hosts lie in none of the set's internal networks.
func (c *counts) outside() int {
	n := 0
	for host := range c.hosts {
		if !slices.ContainsFunc(c.set.Internal, func(p netip.Prefix) bool { return p.Contains(host) }) {
			n++
		}
	}
	return n
}

// shared returns how many of c's hosts stand in other too, and their share of c's rows.
func (c *counts) shared(other *counts) (hosts int, share float64) {
	var rows int64
	for host, n := range c.hosts {
		if _, both := other.hosts[host]; both {
			hosts++
			rows += n
		}
	}
	return hosts, ratio(rows, c.total.rows)
}
