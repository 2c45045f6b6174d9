package main

import (
	"cmp"
	"context"
	"errors"
	"io"
	"os"
	"os/signal"
	"syscall"

	torch "github.com/wangkuiyi/gotorch"

	"stan/dataset"
	"stan/torchmodel"
)

// Exit codes; 0 is success. Schedulers may retry 1, 69, 71, 74 and 75: the others fail again until a person acts.
const (
	exitOther       = 1
	exitUsage       = 2
	exitInput       = 65 // input or model refused
	exitMissing     = 66 // input missing
	exitNoGPU       = 69 // GPU asked for and missing
	exitOutOfMemory = 71
	exitCannotWrite = 73
	exitIO          = 74
	exitStopped     = 75 // stopped by a signal; train has written a checkpoint
)

// run executes one command line and returns its exit status. The first SIGINT, SIGTERM or SIGHUP cancels the command's
// context with a stopError as its cause; from then on the signals have their default effect again, so a second one ends the
// process at once. A reader of the progress that goes away does not stop the work, nor does a hang-up under nohup.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	signal.Ignore(syscall.SIGPIPE)
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(signals, syscall.SIGHUP)
	}
	defer signal.Stop(signals)
	go func() {
		select {
		case s := <-signals:
			signal.Stop(signals)
			cancel(stopError{s})
		case <-ctx.Done():
		}
	}()

	con := newConsole(stdin, stdout, stderr)
	_ = con.SetFormat(cmp.Or(os.Getenv("STAN_LOG_FORMAT"), "auto")) // until flags are read, which refuses a wrong one
	err := newApp(con).RunContext(ctx, args)
	status := exitStatus(ctx, err)
	con.Close(status)
	if err != nil {
		con.Error(err, status)
	}
	return status
}

// exitStatus maps an error to its exit code, none to 0. An error that a signal caused is exitStopped, whatever it wraps.
func exitStatus(ctx context.Context, err error) int {
	if err == nil {
		return 0
	}
	var stopped stopError
	if errors.As(err, &stopped) || errors.Is(err, context.Canceled) && errors.As(context.Cause(ctx), &stopped) {
		return exitStopped
	}
	for _, class := range []struct {
		sentinel error
		status   int
	}{
		{errUsage, exitUsage},
		{torchmodel.ErrStopped, exitStopped},
		{torchmodel.ErrConfig, exitUsage},
		{torchmodel.ErrModel, exitInput},
		{torchmodel.ErrData, exitInput},
		{torchmodel.ErrMissing, exitMissing},
		{torchmodel.ErrExists, exitCannotWrite},
		{torchmodel.ErrLocked, exitCannotWrite},
		{torchmodel.ErrCannotWrite, exitCannotWrite},
		{torchmodel.ErrIO, exitIO},
		{torch.ErrNoCUDA, exitNoGPU},
		{torch.ErrOutOfMemory, exitOutOfMemory},
		{dataset.ErrInput, exitInput},
		{dataset.ErrMissing, exitMissing},
		{dataset.ErrExists, exitCannotWrite},
		{dataset.ErrLocked, exitCannotWrite},
		{dataset.ErrCannotWrite, exitCannotWrite},
		{dataset.ErrIO, exitIO},
	} {
		if errors.Is(err, class.sentinel) {
			return class.status
		}
	}
	return exitOther
}
