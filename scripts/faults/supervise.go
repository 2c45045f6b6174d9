package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// The seam is the border to the kernel: a seccomp filter sends every system call that reads or changes files to a
// supervisor, which lets it pass, fails it, or kills the process before it. So the program under test is the one that users
// run, with all of its libraries, and knows nothing of the campaign.

// effect is what a system call does to files.
type effect int

const (
	reads effect = 1 << iota
	creates
	writes
	syncs
	renames
	removes

	changes = creates | writes | syncs | renames
)

// systemCall is one that the filter reports.
type systemCall struct {
	number uint32
	name   string
	effect effect
	byFD   bool // its first argument is a descriptor; elsewhere a path, or a folder's descriptor and a path
}

var systemCalls = []systemCall{
	{unix.SYS_READ, "read", reads, true},
	{unix.SYS_PREAD64, "pread64", reads, true},
	{unix.SYS_WRITE, "write", writes, true},
	{unix.SYS_PWRITE64, "pwrite64", writes, true},
	{unix.SYS_WRITEV, "writev", writes, true},
	{unix.SYS_FTRUNCATE, "ftruncate", writes, true},
	{unix.SYS_FALLOCATE, "fallocate", writes, true},
	{unix.SYS_FSYNC, "fsync", syncs, true},
	{unix.SYS_FDATASYNC, "fdatasync", syncs, true},
	{unix.SYS_OPENAT, "openat", creates, false}, // with O_CREAT
	{unix.SYS_MKDIRAT, "mkdirat", creates, false},
	{unix.SYS_RENAMEAT, "renameat", renames, false},
	{unix.SYS_RENAMEAT2, "renameat2", renames, false},
	{unix.SYS_UNLINKAT, "unlinkat", removes, false},
}

// operation is a system call that a process is about to make on a file of the campaign.
type operation struct {
	systemCall
	path string
}

func (o operation) String() string { return o.name + " " + o.path }

// verdict is what the supervisor does with an operation. The zero value lets it pass.
type verdict struct {
	errno  syscall.Errno  // that it returns
	signal syscall.Signal // that the process gets
	later  time.Duration  // the signal comes so long after the operation; 0 for before it
}

// filter returns the program that reports the system calls with the given effects and allows all others.
func filter(effects effect) []unix.SockFilter {
	const (
		load   = unix.BPF_LD | unix.BPF_W | unix.BPF_ABS
		equal  = unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K
		anyBit = unix.BPF_JMP | unix.BPF_JSET | unix.BPF_K
		end    = unix.BPF_RET | unix.BPF_K

		numberAt, thirdAt = 0, 16 + 2*8 // in struct seccomp_data
	)
	program := []unix.SockFilter{{Code: load, K: numberAt}}
	for _, c := range systemCalls {
		switch {
		case c.effect&effects == 0:
		case c.number == unix.SYS_OPENAT:
			program = append(program,
				unix.SockFilter{Code: equal, Jf: 4, K: c.number},
				unix.SockFilter{Code: load, K: thirdAt},
				unix.SockFilter{Code: anyBit, Jf: 1, K: unix.O_CREAT},
				unix.SockFilter{Code: end, K: unix.SECCOMP_RET_USER_NOTIF},
				unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ALLOW})
		default:
			program = append(program,
				unix.SockFilter{Code: equal, Jf: 1, K: c.number},
				unix.SockFilter{Code: end, K: unix.SECCOMP_RET_USER_NOTIF})
		}
	}
	return append(program, unix.SockFilter{Code: end, K: unix.SECCOMP_RET_ALLOW})
}

// The kernel's struct seccomp_notif and seccomp_notif_resp.
type (
	notice struct {
		id     uint64
		pid    uint32
		_      uint32
		number int32
		_      uint32 // architecture
		_      uint64 // instruction pointer
		args   [6]uint64
	}
	answer struct {
		id    uint64
		_     int64
		errno int32
		flags uint32
	}
)

// supervise answers what comes from listener until the process behind it has ended. decide is asked about operations on
// files below dir.
func supervise(listener int, process *os.Process, dir string, decide func(operation) verdict) error {
	for {
		ready := []unix.PollFd{{Fd: int32(listener), Events: unix.POLLIN}}
		if _, err := unix.Poll(ready, -1); err == unix.EINTR {
			continue
		} else if err != nil {
			return fmt.Errorf("poll: %w", err)
		}
		if ready[0].Revents&unix.POLLIN == 0 {
			return nil
		}
		var n notice
		if err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_RECV, unsafe.Pointer(&n)); err == unix.ENOENT || err == unix.EINTR {
			continue // the process was killed meanwhile
		} else if err != nil {
			return fmt.Errorf("notification: %w", err)
		}
		a := answer{id: n.id, flags: unix.SECCOMP_USER_NOTIF_FLAG_CONTINUE}
		if o := n.operation(); strings.HasPrefix(o.path, dir) {
			v := decide(o)
			switch {
			case v.errno != 0:
				a.errno, a.flags = -int32(v.errno), 0
			case v.signal != 0 && v.later == 0:
				process.Signal(v.signal)
			case v.signal != 0:
				time.AfterFunc(v.later, func() { process.Signal(v.signal) })
			}
		}
		if err := ioctl(listener, unix.SECCOMP_IOCTL_NOTIF_SEND, unsafe.Pointer(&a)); err != nil && err != unix.ENOENT {
			return fmt.Errorf("answer: %w", err)
		}
	}
}

func ioctl(fd int, request uintptr, argument unsafe.Pointer) error {
	if _, _, errno := unix.Syscall(unix.SYS_IOCTL, uintptr(fd), request, uintptr(argument)); errno != 0 {
		return errno
	}
	return nil
}

// operation says what a notice is about. The path is empty if it cannot be known.
func (n *notice) operation() operation {
	var o operation
	for _, c := range systemCalls {
		if c.number == uint32(n.number) {
			o.systemCall = c
		}
	}
	if o.byFD {
		o.path, _ = os.Readlink(fmt.Sprintf("/proc/%d/fd/%d", n.pid, n.args[0]))
		return o
	}
	if o.path = n.text(n.args[1]); !filepath.IsAbs(o.path) {
		folder := fmt.Sprintf("/proc/%d/cwd", n.pid)
		if int32(n.args[0]) != unix.AT_FDCWD {
			folder = fmt.Sprintf("/proc/%d/fd/%d", n.pid, n.args[0])
		}
		folder, _ = os.Readlink(folder)
		o.path = filepath.Join(folder, o.path)
	}
	if o.effect == renames && strings.HasPrefix(filepath.Base(o.path), "checkpoint-") {
		o.effect = removes // a checkpoint that goes is first hidden; one that stays is no failure
	}
	return o
}

// text reads a string of the process.
func (n *notice) text(address uint64) string {
	memory, err := os.Open(fmt.Sprintf("/proc/%d/mem", n.pid))
	if err != nil {
		return ""
	}
	defer memory.Close()
	var buffer [4096]byte
	read, _ := memory.ReadAt(buffer[:], int64(address))
	text, _, _ := strings.Cut(string(buffer[:read]), "\x00")
	return text
}
