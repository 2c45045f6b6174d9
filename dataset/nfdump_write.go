package dataset

import "io"

func newNfdumpWriter(out io.Writer) flowWriter { return nil }
