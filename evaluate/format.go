package evaluate

// Text formats a value of this unit for a reader, "-" where it is none.
func (u Unit) Text(f Figure) string { return text(f, u) }

// DifferenceText formats a difference in this unit for a reader, "-" where it is none.
func (u Unit) DifferenceText(f Figure) string { return differenceText(f, u) }
