package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// timeLimit is far beyond what any run takes, also on a loaded machine: a run that reaches it hangs.
const timeLimit = 30 * time.Minute

// killed is the status of a run that SIGKILL ended.
const killed = -9

// setting is what a run of stan goes through. The zero value is a plain run.
type setting struct {
	effects  effect                  // that decide is asked about
	decide   func(operation) verdict // for operations on files below the campaign's folder
	fileSize uint64                  // limit in bytes
	obey     bool                    // permissions of files, as root does not
}

// outcome is how a run ended.
type outcome struct {
	status int
	stderr string
	took   time.Duration
}

func (o outcome) String() string { return fmt.Sprintf("status %d: %s", o.status, lastLine(o.stderr)) }

func lastLine(text string) string {
	text = string(bytes.TrimSpace([]byte(text)))
	return text[bytes.LastIndexByte([]byte(text), '\n')+1:]
}

// start runs stan in the folder dir and waits for its end.
func (c *campaign) start(dir string, s setting, args ...string) (outcome, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeLimit)
	defer cancel()
	self, err := os.Executable()
	if err != nil {
		return outcome{}, err
	}
	command := append([]string{confinedCommand, "-filter", fmt.Sprint(int(s.effects)), "-file-size", fmt.Sprint(s.fileSize),
		fmt.Sprintf("-obey=%v", s.obey), c.stan}, args...)
	p := exec.CommandContext(ctx, self, command...)
	var stderr bytes.Buffer
	p.Dir, p.Stderr = dir, &stderr
	p.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // a terminal's Ctrl-C is for the campaign, not a fault of the run
	began := time.Now()
	supervised, err := s.launch(p, c.scratch)
	if err != nil {
		return outcome{}, err
	}
	err = p.Wait()
	o := outcome{p.ProcessState.ExitCode(), stderr.String(), time.Since(began)}
	if ctx.Err() != nil {
		return o, fmt.Errorf("hangs: no end after %v", timeLimit)
	}
	if status, ok := p.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
		o.status, err = killed, nil
	}
	if o.status == noFilter {
		return o, fmt.Errorf("%w: %s", errNoFilter, lastLine(o.stderr))
	}
	if o.status == confinedFailed {
		return o, fmt.Errorf("%s", lastLine(o.stderr))
	}
	if err != nil && o.status <= 0 && o.status != killed {
		return o, err
	}
	return o, <-supervised
}

// launch starts the process, and its supervisor if it has one; the channel tells how that ended.
func (s *setting) launch(p *exec.Cmd, below string) (<-chan error, error) {
	ended := make(chan error, 1)
	if s.effects == 0 {
		ended <- nil
		return ended, p.Start()
	}
	sockets, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, err
	}
	theirs := os.NewFile(uintptr(sockets[1]), "listener socket")
	p.ExtraFiles = []*os.File{theirs}
	err = p.Start()
	theirs.Close()
	if err != nil {
		unix.Close(sockets[0])
		return nil, err
	}
	go func() {
		defer unix.Close(sockets[0])
		listener, err := receiveListener(sockets[0])
		if err == nil {
			defer unix.Close(listener)
			err = supervise(listener, p.Process, below, s.decide)
		}
		ended <- err
	}()
	return ended, nil
}
