package torchmodel

// line hands out in order what several goroutines make.
type line[T any] struct {
	slots chan chan T
	stop  chan struct{}
	drop  func(T)
}

// newLine begins a line. next, called by one goroutine, says how the next item is made, and nil after the last; at most ahead
// items and one are being made or wait. What is made and not taken is dropped.
func newLine[T any](ahead int, next func() (item func() T), drop func(T)) *line[T] {
	l := &line[T]{make(chan chan T, ahead), make(chan struct{}), drop}
	go func() {
		defer close(l.slots)
		for item := next(); item != nil; item = next() {
			slot := make(chan T, 1)
			select {
			case l.slots <- slot:
				go func() { slot <- item() }()
			case <-l.stop:
				return
			}
		}
	}()
	return l
}

// take waits for the next item; there is none after the last.
func (l *line[T]) take() (item T, ok bool) {
	slot, ok := <-l.slots
	if ok {
		item = <-slot
	}
	return item, ok
}

// close ends the line.
func (l *line[T]) close() {
	close(l.stop)
	for item, ok := l.take(); ok; item, ok = l.take() {
		l.drop(item)
	}
}
