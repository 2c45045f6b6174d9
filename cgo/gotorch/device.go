package gotorch

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/wangkuiyi/gotorch/libtorch"
)

// Device is where tensors live and operations run. The zero Device is the CPU. Devices compare with ==; but "cuda" stands
// for the current CUDA device, while a tensor there names it by number.
type Device struct {
	T libtorch.Device
}

// NewDevice reads "cpu", "cuda" (the current CUDA device) or "cuda:N". It panics with ErrDevice on anything else.
// That the device exists is checked when it is used.
func NewDevice(deviceType string) Device {
	d, err := ParseDevice(deviceType)
	if err != nil {
		panic(err)
	}
	return d
}

// ParseDevice is NewDevice with an error, an *Error, instead of a panic.
func ParseDevice(s string) (Device, error) {
	name, index, numbered := strings.Cut(s, ":")
	switch {
	case name == "cpu" && (!numbered || index == "0"):
		return Device{}, nil
	case name == "cuda" && !numbered:
		return Device{libtorch.Device{Type: libtorch.CUDA, Index: -1}}, nil
	case name == "cuda":
		if n, err := strconv.ParseInt(index, 10, 8); err == nil && n >= 0 {
			return Device{libtorch.Device{Type: libtorch.CUDA, Index: int8(n)}}, nil
		}
	}
	return Device{}, &Error{Op: "device", Msg: fmt.Sprintf("%q, want cpu, cuda or cuda:N", s), Err: ErrDevice}
}

// String is "cpu", "cuda" or "cuda:N".
func (d Device) String() string {
	switch {
	case d.T.Type == libtorch.CPU:
		return "cpu"
	case d.T.Index < 0:
		return "cuda"
	}
	return fmt.Sprintf("cuda:%d", d.T.Index)
}

// IsCUDA tells whether d is a CUDA device.
func (d Device) IsCUDA() bool { return d.T.Type == libtorch.CUDA }

// To moves a to a device and, if given, an element type; it is a itself, shared, where nothing changes.
func (a Tensor) To(device Device, dtype ...int8) Tensor {
	if len(dtype) > 0 {
		return Must(libtorch.To(a.T, device.T, dtype[0], false, false))
	}
	return Must(libtorch.To(a.T, device.T, a.Dtype(), false, false))
}

// To moves a to a device and an element type.
func To(a Tensor, device Device, dtype int8) Tensor { return a.To(device, dtype) }

// CUDA moves a to a CUDA device. With nonBlocking and a in pinned memory the copy runs beside the host.
func (a Tensor) CUDA(device Device, nonBlocking bool) Tensor {
	if !device.IsCUDA() {
		fail("cuda", ErrDevice, fmt.Sprintf("device %s, want cuda", device))
	}
	return a.Move(device, nonBlocking)
}

// Move moves a to a device. With nonBlocking, and a in pinned memory or the result on the CPU, the copy runs beside the
// host: synchronise before the elements are read there.
func (a Tensor) Move(device Device, nonBlocking bool) Tensor {
	return Must(libtorch.To(a.T, device.T, a.Dtype(), nonBlocking, false))
}

// CastTo converts a to an element type.
func (a Tensor) CastTo(dtype int8) Tensor {
	i := a.info()
	return Must(libtorch.To(a.T, i.Device, dtype, false, false))
}

// ToType converts a to an element type.
func (a Tensor) ToType(dtype int8) Tensor { return a.CastTo(dtype) }

// CopyTo copies a to a device, also if it is there already.
func (a Tensor) CopyTo(device Device) Tensor {
	return Must(libtorch.To(a.T, device.T, a.Dtype(), false, true))
}

// PinMemory copies a to page-locked memory, from which copies to a CUDA device run beside the host.
func (a Tensor) PinMemory() Tensor { return Must(libtorch.PinMemory(a.T)) }
