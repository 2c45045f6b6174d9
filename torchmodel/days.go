package torchmodel

import (
	"math/rand/v2"

	"github.com/wangkuiyi/gotorch/lanes"
)

// mostDays bounds the days that profiles are fitted to: of more, so many are drawn. A thousand of each kind of hosts tell
// its distribution, and memory does not grow with the hosts.
const mostDays = 1 << 15

// reservoir is an even draw of at most most days (Vitter, algorithm R, TOMS 1985), all of them where there are no more.
type reservoir struct {
	most int
	r    *rand.Rand
	seen int
	days []plan
}

func (s *reservoir) add(p *plan) {
	s.seen++
	if len(s.days) < s.most {
		s.days = append(s.days, *p)
	} else if at := s.r.IntN(s.seen); at < s.most {
		s.days[at] = *p
	}
}

// dayDraw draws the days that profiles are fitted to: those of hosts that the capture saw themselves; where there are none, of
// hosts that talk to each other alone.
type dayDraw struct{ whole, others reservoir }

func newDayDraw(most int, seed uint64) *dayDraw {
	r := rand.New(rand.NewPCG(seed, 4))
	return &dayDraw{whole: reservoir{most: most, r: r}, others: reservoir{most: most, r: r}}
}

func (d *dayDraw) add(p *plan) {
	if p.whole() {
		d.whole.add(p)
	} else {
		d.others.add(p)
	}
}

// fit fits profiles to the days drawn.
func (d *dayDraw) fit() (*Profiles, error) {
	if len(d.whole.days) > 0 {
		return fitProfiles(d.whole.days)
	}
	return fitProfiles(d.others.days)
}

// profiles are fitted to days of the corpus, most of them at most.
func (c *corpus) profiles(most int) (*Profiles, error) {
	draw := newDayDraw(most, uint64(c.Days()))
	const part = 1024
	for from := 0; from < c.Days(); from += part {
		days, _, err := lanes.Plans[plan](c.Corpus, from, min(part, c.Days()-from))
		if err != nil {
			return nil, c.fileError(err)
		}
		for i := range days {
			draw.add(&days[i])
		}
	}
	return draw.fit()
}
