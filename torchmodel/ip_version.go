package torchmodel

import (
	"fmt"
	"net/netip"
	"slices"
)

// A host has one IP version, as all its flows have: it is a mark of its plan.

// onIPv6 tells the IP version of the plan's host.
func (p *plan) onIPv6() bool { return p.Mean[ipv6Mark] > 0.5 }

// ofVersion are the networks of IPv6, or of IPv4.
func ofVersion(networks []netip.Prefix, six bool) []netip.Prefix {
	return slices.DeleteFunc(slices.Clone(networks), func(p netip.Prefix) bool { return p.Addr().Is4() == six })
}

// limitVersion gives the host the version of the networks, where they are all of one.
func (p *profile) limitVersion(networks []netip.Prefix) {
	for i, six := range []bool{false, true} {
		if len(ofVersion(networks, !six)) == 0 {
			p.mean[ipv6Mark] = float32(i)
		}
	}
}

// checkVersions refuses networks of a version that no training host had: nothing is known of its addresses and protocols.
func (p *Profiles) checkVersions(networks []netip.Prefix) error {
	q := p.quantiles[ipv6Mark*profileQuantiles:][:profileQuantiles]
	four, six := q[0] <= 0.5, q[profileQuantiles-1] > 0.5
	if (four && len(ofVersion(networks, false)) > 0) || (six && len(ofVersion(networks, true)) > 0) {
		return nil
	}
	want := "IPv4"
	if six {
		want = "IPv6"
	}
	return fmt.Errorf("%w: internal networks %v, want some of %s, which the hosts of the training had", ErrConfig, networks, want)
}
