package dataset

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"strings"
	"time"
)

// collectorScheme begins the name of an output that is a collector of IPFIX messages.
const collectorScheme = "udp://"

// IsCollector tells whether an output of Convert is a collector, udp://HOST:PORT, and no file.
func IsCollector(output string) bool { return strings.HasPrefix(output, collectorScheme) }

// ipfixPort is IANA's for IPFIX over UDP.
const ipfixPort = "4739"

// CollectorAddress returns host and port of udp://HOST[:PORT].
func CollectorAddress(output string) (string, error) {
	u, err := url.Parse(output)
	if err != nil || u.Hostname() == "" || output != collectorScheme+u.Host {
		return "", fmt.Errorf("output %q, want udp://HOST:PORT", output)
	}
	if u.Port() == "" {
		return net.JoinHostPort(u.Hostname(), ipfixPort), nil
	}
	return u.Host, nil
}

// sendTo sends flows to a collector, every message as a datagram. UDP tells of no loss but that no one listens at all.
func sendTo(ctx context.Context, o ConvertOptions) (*Summary, error) {
	if o.To != FormatIPFIX {
		return nil, fmt.Errorf("dataset: %w: output format %q to a collector, want %s", ErrInput, o.To, FormatIPFIX)
	}
	if o.Rate < 1 {
		return nil, fmt.Errorf("dataset: %w: %d flows a second to a collector, want at least 1", ErrInput, o.Rate)
	}
	address, err := CollectorAddress(o.Output)
	if err != nil {
		return nil, fmt.Errorf("dataset: %w: %w", ErrInput, err)
	}
	conn, err := new(net.Dialer).DialContext(ctx, "udp", address)
	if err != nil {
		return nil, writeError(err)
	}
	defer conn.Close()
	w := &pacedWriter{flowWriter: newIPFIXWriter(conn, time.Now), ctx: ctx, rate: o.Rate}
	summary, err := convertInto(ctx, o.Read, w)
	if err != nil {
		return summary, err
	}
	return summary, w.Close()
}

// pacedWriter writes at most rate flows a second, evenly.
type pacedWriter struct {
	flowWriter
	ctx  context.Context
	rate int
	due  time.Time // when the next flows may go
}

// paceFlows go at once: about a message.
const paceFlows = 25

func (w *pacedWriter) Write(flows []Flow) error {
	for len(flows) > 0 {
		now := flows[:min(paceFlows, len(flows))]
		flows = flows[len(now):]
		select {
		case <-time.After(time.Until(w.due)):
		case <-w.ctx.Done():
			return context.Cause(w.ctx)
		}
		if err := w.flowWriter.Write(now); err != nil {
			return err
		}
		w.due = time.Now().Add(time.Duration(len(now)) * time.Second / time.Duration(w.rate))
	}
	return nil
}
