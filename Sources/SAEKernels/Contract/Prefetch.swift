/// Asks for the cache line at `address` before it is needed; any address is allowed.
///
/// `write` is 1 where the line is to be written, `locality` 3 keeps it in the first cache, `data` is
/// always 1. Swift has no word for this instruction, so the compiler's own name for it is declared;
/// the last three arguments must be literals.
@_silgen_name("llvm.prefetch.p0")
@usableFromInline
func prefetch(_ address: UnsafeRawPointer, _ write: Int32, _ locality: Int32, _ data: Int32)
