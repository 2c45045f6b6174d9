package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

const (
	// confinedCommand makes this program the stage between the campaign and stan.
	confinedCommand = "confined"
	// confinedFailed is a status that stan never has, and noFilter another: the kernel, or the container, allows no filter.
	confinedFailed = 99
	noFilter       = 98
	// listenerSocket is the descriptor through which the stage hands the filter's listener over.
	listenerSocket = 3
)

var errNoFilter = errors.New("no seccomp filter can be set here")

// confined puts this process under limits and then becomes the program of its arguments.
func confined(args []string) error {
	set := flag.NewFlagSet(confinedCommand, flag.ContinueOnError)
	effects := set.Int("filter", 0, "report system calls of these effects")
	fileSize := set.Uint64("file-size", 0, "bytes that a file may grow to, 0 for any number")
	obey := set.Bool("obey", false, "obey the permissions of files, also as root")
	if err := set.Parse(args); err != nil {
		return err
	}
	runtime.LockOSThread() // capabilities and the filter are this thread's, and stay with it through exec
	if *fileSize > 0 {
		limit := unix.Rlimit{Cur: *fileSize, Max: *fileSize}
		if err := unix.Setrlimit(unix.RLIMIT_FSIZE, &limit); err != nil {
			return fmt.Errorf("file size limit: %w", err)
		}
	}
	if *obey && os.Geteuid() == 0 {
		for _, capability := range []uintptr{unix.CAP_DAC_OVERRIDE, unix.CAP_DAC_READ_SEARCH} {
			if err := unix.Prctl(unix.PR_CAPBSET_DROP, capability, 0, 0, 0); err != nil {
				return fmt.Errorf("drop a capability: %w", err)
			}
		}
	}
	if *effects != 0 {
		if err := installFilter(effect(*effects)); err != nil {
			return err
		}
	}
	return syscall.Exec(set.Arg(0), set.Args(), os.Environ())
}

// installFilter puts the filter on this thread and sends its listener away.
func installFilter(effects effect) error {
	program := filter(effects)
	f := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no new privileges: %w", err)
	}
	listener, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_NEW_LISTENER,
		uintptr(unsafe.Pointer(&f)))
	if errno != 0 {
		return fmt.Errorf("%w: %w", errNoFilter, errno)
	}
	err := unix.Sendmsg(listenerSocket, []byte{0}, unix.UnixRights(int(listener)), nil, 0)
	return errors.Join(err, unix.Close(int(listener)), unix.Close(listenerSocket))
}

// receiveListener is the other end of installFilter.
func receiveListener(socket int) (int, error) {
	buffer := make([]byte, unix.CmsgSpace(4))
	_, n, _, _, err := unix.Recvmsg(socket, make([]byte, 1), buffer, unix.MSG_CMSG_CLOEXEC)
	if err != nil {
		return -1, err
	}
	messages, err := unix.ParseSocketControlMessage(buffer[:n])
	if err != nil {
		return -1, err
	}
	if len(messages) != 1 {
		return -1, errors.New("the process under test ended before its filter was in place")
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil {
		return -1, err
	}
	return fds[0], nil
}
