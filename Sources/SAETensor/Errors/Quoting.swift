/// A name from a file, in quotes, with what could disturb a terminal escaped and bounded in length.
package func quoted(_ name: String) -> String {
  let shown = name.unicodeScalars.prefix(100).map { $0.escaped(asASCII: false) }.joined()
  return "\"\(shown)\(name.unicodeScalars.count > 100 ? "…" : "")\""
}
