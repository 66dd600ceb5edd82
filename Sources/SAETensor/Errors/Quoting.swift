/// A name from a file, in quotes, bounded in length, with characters escaped that could disturb a
/// terminal.
package func quoted(_ name: String) -> String {
  let shown = name.unicodeScalars.prefix(100).map { $0.escaped(asASCII: false) }.joined()
  return "\"\(shown)\(name.unicodeScalars.count > 100 ? "…" : "")\""
}
