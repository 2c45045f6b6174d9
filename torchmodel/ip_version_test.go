package torchmodel

import (
	"errors"
	"net/netip"
	"testing"
)

// versionDays are days of hosts of which one in four has IPv6.
func versionDays(n int) []plan {
	days := madeDays(n)
	for i := range days {
		days[i].Mean[ipv6Mark] = 0
		if i%4 == 0 {
			days[i].Mean[ipv6Mark] = 1
		}
	}
	return days
}

func TestDrawnHostsHaveTheIPVersionsOfTheTraining(t *testing.T) {
	const draws = 1000
	p, err := fitProfiles(versionDays(64))
	if err != nil {
		t.Fatal(err)
	}
	four, six := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")
	jobs := make([]job, draws)
	for host := range jobs {
		d := p.draw(hostSeed(1, host), hostAt(1, host))
		jobs[host].plans = []plan{{Mean: d.mean}}
		for want, networks := range map[float32][]netip.Prefix{0: {four}, 1: {six}, d.mean[ipv6Mark]: {six, four}} {
			limited := d
			if limited.limitVersion(networks); limited.mean[ipv6Mark] != want {
				t.Fatalf("host %d has a share %g of IPv6 in %v, want %g", host, limited.mean[ipv6Mark], networks, want)
			}
		}
	}
	addrs, err := hostAddresses([]netip.Prefix{four, six}, jobs, 1)
	if err != nil {
		t.Fatal(err)
	}
	hosts := 0
	for i, a := range addrs {
		if on := jobs[i].plans[0].onIPv6(); on != a.Is6() || !four.Contains(a) && !six.Contains(a) {
			t.Fatalf("host %d has the address %v, its plan is of IPv6: %t", i, a, on)
		} else if on {
			hosts++
		}
	}
	if hosts < 200 || hosts > 300 {
		t.Errorf("%d of %d hosts have IPv6, want about a quarter, as in training", hosts, draws)
	}
}

func TestNetworksOfAnUnknownIPVersionAreRefused(t *testing.T) {
	days := versionDays(8)
	only := func(x float32) *Profiles {
		for i := range days {
			days[i].Mean[ipv6Mark] = x
		}
		p, err := fitProfiles(days)
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	both, err := fitProfiles(versionDays(8))
	if err != nil {
		t.Fatal(err)
	}
	four, six := netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("2001:db8:1::/48")
	for name, tc := range map[string]struct {
		p        *Profiles
		networks []netip.Prefix
		want     error
	}{
		"IPv4, learnt from IPv4": {only(0), []netip.Prefix{four}, nil},
		"IPv6, learnt from IPv4": {only(0), []netip.Prefix{six}, ErrConfig},
		"IPv4, learnt from IPv6": {only(1), []netip.Prefix{four}, ErrConfig},
		"both, learnt from IPv6": {only(1), []netip.Prefix{four, six}, nil},
		"IPv6, learnt from both": {both, []netip.Prefix{six}, nil},
		"both, learnt from both": {both, []netip.Prefix{four, six}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			if err := tc.p.checkVersions(tc.networks); !errors.Is(err, tc.want) {
				t.Errorf("got error %v, want %v", err, tc.want)
			}
		})
	}
}
