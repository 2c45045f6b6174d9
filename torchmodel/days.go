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

// profiles are fitted to the days of the corpus, to those of hosts that the capture saw themselves where there are any.
func (c *corpus) profiles(most int) (*Profiles, error) {
	r := rand.New(rand.NewPCG(uint64(c.Days()), 4))
	whole, others := reservoir{most: most, r: r}, reservoir{most: most, r: r}
	const part = 1024
	for from := 0; from < c.Days(); from += part {
		days, _, err := lanes.Plans[plan](c.Corpus, from, min(part, c.Days()-from))
		if err != nil {
			return nil, c.fileError(err)
		}
		for i := range days {
			if days[i].whole() {
				whole.add(&days[i])
			} else {
				others.add(&days[i])
			}
		}
	}
	if len(whole.days) == 0 { // hosts that talk to each other alone
		return fitProfiles(others.days)
	}
	return fitProfiles(whole.days)
}
